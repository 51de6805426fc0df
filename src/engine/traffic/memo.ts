/** Longer texts are judged anew each time: a table of them would hold what a client likes to send. */
const MAX_KEY = 2_048;

/**
 * Remembers what was made of a text. When the table is full it begins anew: what is asked for often is back at once, and
 * no order need be kept.
 */
export class BoundedMemo<V> {
  private readonly table = new Map<string, V>();
  private readonly max: number;
  private readonly make: (key: string) => V;

  constructor(max: number, make: (key: string) => V) {
    this.max = max;
    this.make = make;
  }

  get size(): number {
    return this.table.size;
  }

  clear(): void {
    this.table.clear();
  }

  of(key: string): V {
    const known = this.table.get(key);
    if (known !== undefined) return known;
    const made = this.make(key);
    if (key.length > MAX_KEY) return made;
    if (this.table.size >= this.max) this.table.clear();
    this.table.set(key, made);
    return made;
  }
}
