/** Least window in which the delay must once have been under the target, ms. RFC 8289 section 4.3. */
const INTERVAL_MS = 100;

/**
 * CoDel at dequeue (RFC 8289): when every job of an interval waited longer than the target, the queue stands, and jobs
 * are dropped at a rate that grows with the square root of the drops, until one waits less. The target comes with each
 * job, because it follows the cost of the work; an interval is never shorter than the target.
 */
export class CoDel {
  private firstAboveAt: number | undefined;
  private dropping = false;
  private dropNextAt = 0;
  private count = 0;
  private lastCount = 0;
  private lastTakenAt = Number.NEGATIVE_INFINITY;

  /** Whether the job that is taken from the queue now, having waited `sojournMs`, is to be dropped. */
  shouldDrop(sojournMs: number, targetMs: number, now: number): boolean {
    const intervalMs = Math.max(INTERVAL_MS, targetMs);
    // It came after the last one was taken: the queue was empty, whatever that one had waited.
    const wasEmpty = now - sojournMs > this.lastTakenAt;
    this.lastTakenAt = now;
    if (wasEmpty) this.firstAboveAt = undefined;
    if (wasEmpty || sojournMs < targetMs) this.dropping = false;
    if (sojournMs < targetMs) {
      this.firstAboveAt = undefined;
      return false;
    }
    this.firstAboveAt ??= now + intervalMs;
    if (this.dropping) {
      if (now < this.dropNextAt) return false;
      this.count += 1;
      this.dropNextAt += intervalMs / Math.sqrt(this.count);
      return true;
    }
    if (now < this.firstAboveAt) return false;
    this.dropping = true;
    // Soon after the last dropping phase its rate is taken up again (RFC 8289 section 5.4).
    const delta = this.count - this.lastCount;
    this.count = delta > 1 && now - this.dropNextAt < 16 * intervalMs ? delta : 1;
    this.lastCount = this.count;
    this.dropNextAt = now + intervalMs / Math.sqrt(this.count);
    return true;
  }
}
