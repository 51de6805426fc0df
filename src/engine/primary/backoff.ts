export interface BackoffOptions {
  /** Pause after a first crash, and the longest one, ms. */
  firstMs: number;
  longestMs: number;
  /** A worker that served this long had nothing wrong with its start: what came before is forgotten, ms. */
  goodServiceMs: number;
  /** A worker that served less than this counts as died at its start: the first visitors killed it, ms. */
  provenMs: number;
  /** A worker that served for a while is missed for at most this share of that while. */
  missedShare: number;
}

export const BACKOFF_DEFAULTS: BackoffOptions = {
  firstMs: 250,
  longestMs: 30_000,
  goodServiceMs: 60_000,
  provenMs: 1_000,
  missedShare: 1 / 32,
};

/** Crashes in a row after which it is a loop, worth an alert. */
const LOOP_AFTER = 3;

/**
 * How long to wait before the next fork: 250 ms, doubling to 30 s, with 25 % of jitter either way. Workers that die at
 * their start double it each time. One that served is worth having again: the first at once, the next after at most a
 * thirty-second part of the time it served, so that a server whose workers are killed every few seconds keeps its number. Pure:
 * the caller has the clock.
 */
export class Backoff {
  /** Crashes in a row, since a worker last gave good service. */
  crashes = 0;
  private waitUntil = Number.NEGATIVE_INFINITY;
  private readonly random: () => number;
  private readonly options: BackoffOptions;

  constructor(random: () => number = Math.random, options: BackoffOptions = BACKOFF_DEFAULTS) {
    this.random = random;
    this.options = options;
  }

  /** A worker died unasked, after it had served for `servedMs`; 0: it died at its start. */
  crashed(now: number, servedMs = 0): void {
    const { firstMs, longestMs, goodServiceMs, provenMs, missedShare } = this.options;
    this.crashes = servedMs >= goodServiceMs ? 1 : this.crashes + 1;
    const doubled = Math.min(longestMs, firstMs * 2 ** Math.min(20, this.crashes - 1));
    const proven = servedMs >= provenMs;
    if (proven && this.crashes === 1) return;
    const pauseMs = proven ? Math.min(doubled, servedMs * missedShare) : doubled;
    this.waitUntil = Math.max(this.waitUntil, now + pauseMs * (0.75 + 0.5 * this.random()));
  }

  /**
   * Tell it at each tick how long the youngest serving worker has served, when no place is empty: after `goodServiceMs`
   * crashes are forgotten.
   */
  served(youngestMs: number): void {
    if (youngestMs >= this.options.goodServiceMs) this.crashes = 0;
  }

  /** Workers die one after the other without good service between. */
  get looping(): boolean {
    return this.crashes >= LOOP_AFTER;
  }

  /** Time left until the next fork, ms; 0: now. */
  delayMs(now: number): number {
    return Math.max(0, this.waitUntil - now);
  }
}
