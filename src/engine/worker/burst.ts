/** Share of the time that work admitted over the gate's bound may take. */
const SHARE = 0.02;
/** Most that is saved up, ms of work. */
const SAVED_MS = 100;

/**
 * A budget of work over the gate's bound. Chance alone fills a queue now and then: at 0.7 of the capacity with
 * exponential costs of 5 ms, 0.2 % of the requests meet more than 100 ms of work, and a moment later it is gone. What
 * is saved up in quiet times lets them in; in an overload it is used up at once and adds 2 % to the queue.
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
