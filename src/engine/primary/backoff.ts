/** First pause after a crash, its bound, and the time of good service after which crashes are forgotten, ms. */
const FIRST_MS = 250;
const LONGEST_MS = 30_000;
const GOOD_SERVICE_MS = 60_000;

/** How long to wait before the next fork: 250 ms, doubling to 30 s, with jitter; forgotten after 60 s of good service. Pure: the caller has the clock. */
export class Backoff {
  private crashes = 0;
  private lastCrashAt = Number.NEGATIVE_INFINITY;
  private waitUntil = Number.NEGATIVE_INFINITY;
  private readonly random: () => number;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  crashed(now: number): void {
    this.crashes = now - this.lastCrashAt > GOOD_SERVICE_MS ? 1 : this.crashes + 1;
    this.lastCrashAt = now;
    const pauseMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(20, this.crashes - 1));
    this.waitUntil = now + pauseMs * (0.75 + 0.5 * this.random());
  }

  /** Time left until the next fork, ms; 0: now. */
  delayMs(now: number): number {
    return Math.max(0, this.waitUntil - now);
  }
}
