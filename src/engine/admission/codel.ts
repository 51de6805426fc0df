/** Window in which the delay must once have been under the target, ms. RFC 8289 section 4.3. */
const INTERVAL_MS = 100;
/** Least target, ms; a target below a few times the cost of one job would drop what is not even late. */
const MIN_TARGET_MS = 20;
const COSTS_PER_TARGET = 4;

export interface CoDelOptions {
  intervalMs?: number;
  minTargetMs?: number;
}

/**
 * CoDel at dequeue (RFC 8289): when every job of an interval waited longer than the target, the queue stands, and jobs
 * are dropped at a rate that grows with the square root of the drops, until one waits less.
 */
export class CoDel {
  private readonly intervalMs: number;
  private readonly minTargetMs: number;
  private firstAboveAt: number | undefined;
  private dropping = false;
  private dropNextAt = 0;
  private count = 0;
  private lastCount = 0;
  private lastTakenAt = Number.NEGATIVE_INFINITY;

  constructor({ intervalMs = INTERVAL_MS, minTargetMs = MIN_TARGET_MS }: CoDelOptions = {}) {
    this.intervalMs = intervalMs;
    this.minTargetMs = minTargetMs;
  }

  /** Whether the job that is taken from the queue now, having waited `sojournMs`, is to be dropped. */
  shouldDrop(sojournMs: number, costMs: number, now: number): boolean {
    const targetMs = Math.max(this.minTargetMs, COSTS_PER_TARGET * costMs);
    // It came after the last one was taken: the queue was empty, whatever that one had waited.
    const wasEmpty = now - sojournMs > this.lastTakenAt;
    this.lastTakenAt = now;
    if (wasEmpty) this.firstAboveAt = undefined;
    if (wasEmpty || sojournMs < targetMs) this.dropping = false;
    if (sojournMs < targetMs) {
      this.firstAboveAt = undefined;
      return false;
    }
    this.firstAboveAt ??= now + this.intervalMs;
    if (this.dropping) {
      if (now < this.dropNextAt) return false;
      this.count += 1;
      this.dropNextAt += this.intervalMs / Math.sqrt(this.count);
      return true;
    }
    if (now < this.firstAboveAt) return false;
    this.dropping = true;
    // Soon after the last dropping phase its rate is taken up again (RFC 8289 section 5.4).
    const delta = this.count - this.lastCount;
    this.count = delta > 1 && now - this.dropNextAt < 16 * this.intervalMs ? delta : 1;
    this.lastCount = this.count;
    this.dropNextAt = now + this.intervalMs / Math.sqrt(this.count);
    return true;
  }
}
