/** Share of the time that work admitted over the gate's bound may take. */
const SHARE = 0.05;
/** Most that is saved up, ms of work. */
const SAVED_MS = 300;
/** Most of it for one queue, ms of work: from when it was last as good as empty until it is so again. */
const PER_QUEUE_MS = 150;

/**
 * A budget of work over the gate's bound. Chance alone fills a queue now and then, and a moment later it is gone. What
 * is saved up in quiet times lets those requests in; a queue that stays is an overload, and gets no more than its part.
 * (By a simulated M/M/1 queue a third as many are refused at 0.7 of the capacity as with 2 % and 100 ms saved, and at ten
 * times the capacity half as many are let in late.)
 */
export class BurstBudget {
  private savedMs = SAVED_MS;
  private leftMs = PER_QUEUE_MS;
  private at = 0;

  /** Work that may be admitted over the bound now, ms. */
  availableMs(now: number): number {
    this.savedMs = Math.min(SAVED_MS, this.savedMs + SHARE * Math.max(0, now - this.at));
    this.at = now;
    return Math.min(this.savedMs, this.leftMs);
  }

  take(ms: number): void {
    this.savedMs -= ms;
    this.leftMs -= ms;
  }

  /** The queue is as good as empty: what comes next is another one. */
  rest(): void {
    this.leftMs = PER_QUEUE_MS;
  }
}
