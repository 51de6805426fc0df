/** What is over the bound, and what has no name. */
export const OTHER = 'other';
/** Longest label, characters. */
const MAX_LABEL = 120;

export type CountsJson = Record<string, number>;

/** Counts by label, of at most `max` labels: those that come later count as `other`, so the sum is always right. */
export class Counts {
  private readonly max: number;
  private readonly table = new Map<string, number>();

  constructor(max: number) {
    this.max = max;
  }

  add(name: string, weight = 1): void {
    const known = this.table.get(name);
    if (known !== undefined) {
      this.table.set(name, known + weight);
      return;
    }
    const label = this.table.size < this.max - 1 && name.length <= MAX_LABEL ? name : OTHER;
    this.table.set(label, (this.table.get(label) ?? 0) + weight);
  }

  merge(other: Counts): void {
    for (const [name, count] of other.table) this.add(name, count);
  }

  get(name: string): number {
    return this.table.get(name) ?? 0;
  }

  get total(): number {
    let sum = 0;
    for (const count of this.table.values()) sum += count;
    return sum;
  }

  get size(): number {
    return this.table.size;
  }

  /** Most first. */
  entries(): [name: string, count: number][] {
    return [...this.table].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }

  toJson(): CountsJson {
    return Object.fromEntries(this.table);
  }

  static fromJson(max: number, json: CountsJson): Counts {
    const made = new Counts(max);
    for (const [name, count] of Object.entries(json)) made.add(name, count);
    return made;
  }
}
