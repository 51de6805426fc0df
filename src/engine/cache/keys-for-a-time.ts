/**
 * Keys for which something holds for a time since it was last added. Bounded: when it is full, all of them are forgotten.
 */
export class KeysForATime {
  private readonly until = new Map<string, number>();
  private readonly ms: number;
  private readonly max: number;
  private readonly now: () => number;

  /** `ms`: how long it holds; `max`: most keys. */
  constructor(ms: number, max: number, now: () => number = () => performance.now()) {
    this.ms = ms;
    this.max = max;
    this.now = now;
  }

  has(key: string): boolean {
    const until = this.until.get(key);
    if (until === undefined) return false;
    if (until > this.now()) return true;
    this.until.delete(key);
    return false;
  }

  drop(key: string): void {
    this.until.delete(key);
  }

  add(key: string): void {
    if (this.until.size >= this.max) this.until.clear();
    this.until.set(key, this.now() + this.ms);
  }
}
