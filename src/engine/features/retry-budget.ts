/** Retries that may be saved up in quiet times. */
const MAX_SAVED = 10;

/**
 * Retries are at most a tenth of the calls: in an outage they must not become the load that keeps it going (Google SRE,
 * "Handling overload"). Each worker keeps it for its own calls, so it holds for all of them together.
 */
export class RetryBudget {
  private saved: number;
  private readonly ratio: number;

  constructor(ratio = 0.1, saved = MAX_SAVED) {
    this.ratio = ratio;
    this.saved = saved;
  }

  /** A call is made for the first time. */
  noteCall(): void {
    this.saved = Math.min(MAX_SAVED, this.saved + this.ratio);
  }

  /** Whether one more try may be made. */
  take(): boolean {
    // In floating point ten tenths are a little less than one.
    if (this.saved < 1 - 1e-9) return false;
    this.saved -= 1;
    return true;
  }
}
