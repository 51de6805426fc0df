/** Share of the time that work admitted over the gate's bound may take. */
const SHARE = 0.05;
/** Most that is saved up, ms of work. */
const SAVED_MS = 300;

/**
 * A budget of work over the gate's bound. Chance alone fills a queue now and then, and a moment later it is gone. What
 * is saved up in quiet times lets those requests in; in an overload it is used up at once and adds 5 % to the queue.
 * (With 2 % and 100 ms saved four times as many are refused at 0.7 of the capacity, by a simulated M/M/1 queue; at ten
 * times the capacity the wait is the same.)
 */
export class BurstBudget {
  private savedMs = SAVED_MS;
  private at = 0;

  /** Work that may be admitted over the bound now, ms. */
  availableMs(now: number): number {
    this.savedMs = Math.min(SAVED_MS, this.savedMs + SHARE * Math.max(0, now - this.at));
    this.at = now;
    return this.savedMs;
  }

  take(ms: number): void {
    this.savedMs -= ms;
  }
}
