import { MAX_AGE_MS, SLOT_MS } from './ticket.ts';

/** Tickets are counted by the time of their issue in buckets of this width, ms. */
export const BUCKET_MS = 250;
/** A ticket whose holder has not checked in this long after it was due holds no place, ms: a slow network is not a leave. */
export const GRACE_MS = 6_000;
/** Points by which workers are told how many wait before whom. */
export const MAX_POINTS = 48;
/** Buckets that a line can have: tickets older than `MAX_AGE_MS` are not taken. */
export const MAX_BUCKETS = MAX_AGE_MS / BUCKET_MS + 8;

export const bucketOf = (order: number): number => Math.floor(order / BUCKET_MS);

/**
 * The tickets that wait in one line, as counts only. A ticket is in one cell: the bucket of its order, and the slot in
 * which it is due. Who checks in moves to a later slot; a slot that is over takes all with it who did not. Of the
 * bucket that is called in part it is known how many of it are not called yet; within a bucket the tickets count as
 * spread evenly.
 */
export class Line {
  /** Tickets below this order are called: their holders are let in when they come. */
  called = 0;
  private readonly cells = new Map<number, Map<number, number>>();
  private readonly live = new Map<number, number>();
  /** Of the bucket that `called` is in: how many are not called. */
  private partLeft = 0;
  private count = 0;

  /** Live tickets, called ones that have not come yet included. */
  get waiting(): number {
    return this.count;
  }

  join(bucket: number, slot: number, n: number): void {
    if (n <= 0 || (!this.live.has(bucket) && this.live.size >= MAX_BUCKETS)) return;
    const cells = this.cells.get(slot) ?? new Map<number, number>();
    cells.set(bucket, (cells.get(bucket) ?? 0) + n);
    this.cells.set(slot, cells);
    this.live.set(bucket, (this.live.get(bucket) ?? 0) + n);
    this.count += n;
    if (bucket === bucketOf(this.called)) this.partLeft += n * this.shareLeft();
  }

  /** Whoever checks in, or goes in, leaves the slot; gives how many were there. */
  leave(bucket: number, slot: number, n: number): number {
    const cells = this.cells.get(slot);
    const there = Math.min(n, cells?.get(bucket) ?? 0);
    if (there <= 0) return 0;
    this.lower(cells!, bucket, there);
    if (cells!.size === 0) this.cells.delete(slot);
    // Those who go in are the called ones: what is left of the bucket cannot be more than all of it.
    if (bucket === bucketOf(this.called)) this.partLeft = Math.min(this.partLeft, this.live.get(bucket) ?? 0);
    return there;
  }

  /** Takes out all who did not check in. Gives how many of them were called, and how many were not. */
  expire(now: number): { called: number; uncalled: number } {
    const gone = { called: 0, uncalled: 0 };
    const part = bucketOf(this.called);
    for (const [slot, cells] of this.cells) {
      if (slot * SLOT_MS + GRACE_MS > now) continue;
      for (const [bucket, n] of [...cells]) {
        const before = this.live.get(bucket) ?? 0;
        const uncalled = bucket > part ? n : bucket < part || before === 0 ? 0 : (n * this.partLeft) / before;
        gone.called += n - uncalled;
        gone.uncalled += uncalled;
        if (bucket === part) this.partLeft = Math.max(0, this.partLeft - uncalled);
        this.lower(cells, bucket, n);
      }
      this.cells.delete(slot);
    }
    return gone;
  }

  /** Live tickets that are not called. */
  get uncalled(): number {
    const part = bucketOf(this.called);
    let sum = this.partLeft;
    for (const [bucket, n] of this.live) if (bucket > part) sum += n;
    return sum;
  }

  /** Begins to call from the first ticket on. */
  close(): void {
    const first = Math.min(...this.live.keys());
    this.setCalled(Number.isFinite(first) ? first * BUCKET_MS : this.called);
  }

  /** Calls the next `n` tickets; gives how many there were. */
  call(n: number): number {
    let left = n;
    for (const bucket of [...this.live.keys()].sort((a, b) => a - b)) {
      if (left <= 0) break;
      const part = bucketOf(this.called);
      if (bucket < part) continue;
      if (bucket > part) this.setCalled(bucket * BUCKET_MS);
      if (this.partLeft <= 0) continue;
      const end = (bucket + 1) * BUCKET_MS;
      const taken = Math.min(left, this.partLeft);
      const share = taken / this.partLeft;
      this.called = share >= 1 ? end : this.called + (end - this.called) * share;
      this.partLeft = share >= 1 ? (this.live.get(bucket + 1) ?? 0) : this.partLeft - taken;
      left -= taken;
    }
    return n - left;
  }

  /** `[order, live tickets before it]`, ascending: at most `MAX_POINTS`; between two points it is linear. */
  points(): [number, number][] {
    const buckets = [...this.live.keys()].sort((a, b) => a - b);
    const step = Math.max(1, Math.ceil((2 * buckets.length) / (MAX_POINTS - 2)));
    const points: [number, number][] = [];
    let sum = 0;
    for (const [index, bucket] of buckets.entries()) {
      if (index % step === 0) points.push([bucket * BUCKET_MS, sum]);
      sum += this.live.get(bucket)!;
      if (index % step === step - 1 || index === buckets.length - 1) points.push([(bucket + 1) * BUCKET_MS, sum]);
    }
    return points;
  }

  private setCalled(order: number): void {
    this.called = order;
    this.partLeft = this.live.get(bucketOf(order)) ?? 0;
  }

  /** Of the bucket that `called` is in: the share of its time that is not called. */
  private shareLeft(): number {
    return 1 - (this.called - bucketOf(this.called) * BUCKET_MS) / BUCKET_MS;
  }

  private lower(cells: Map<number, number>, bucket: number, n: number): void {
    const inCell = (cells.get(bucket) ?? 0) - n;
    if (inCell > 0) cells.set(bucket, inCell);
    else cells.delete(bucket);
    const inBucket = (this.live.get(bucket) ?? 0) - n;
    if (inBucket > 0) this.live.set(bucket, inBucket);
    else this.live.delete(bucket);
    this.count -= n;
  }
}
