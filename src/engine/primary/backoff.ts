export interface BackoffOptions {
  /** Pause after a first crash, and the longest one, ms. */
  firstMs: number;
  longestMs: number;
  /** The longest while nobody serves: visitors wait, and a try costs them nothing, ms. */
  longestDownMs: number;
  /** The longest after an end from outside (`kill -9`): it tells nothing of the next one's start, ms. */
  longestKilledMs: number;
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
  longestDownMs: 4_000,
  longestKilledMs: 1_600,
  goodServiceMs: 60_000,
  provenMs: 1_000,
  missedShare: 1 / 32,
};

/** Crashes in a row after which it is a loop, worth an alert. */
const LOOP_AFTER = 3;
/** Jitter either way. */
const JITTER = 0.25;

/** An unexpected end of a process. */
export interface Crash {
  /** How long it had served, ms; 0: it died at its start. */
  servedMs: number;
  /** Ended from outside, not by a fault of its own. */
  killed: boolean;
}

/**
 * How long to wait before the next fork: 250 ms, doubling to 30 s, with 25 % of jitter either way; never over 5 s while
 * nobody serves, and never over 2 s after a kill from outside. Workers that die at their start double it each time. One
 * that served is worth having again: the first at once, the next after at most a thirty-second part of the time it
 * served, so that a server whose workers are killed every few seconds keeps its number. Pure: the caller has the clock.
 */
export class Backoff {
  /** Crashes in a row, since a worker last gave good service. */
  crashes = 0;
  private crashedAt = Number.NEGATIVE_INFINITY;
  private pauseMs = 0;
  /** Of the present pause, 1 - JITTER to 1 + JITTER. */
  private jitter = 1;
  private readonly random: () => number;
  private readonly options: BackoffOptions;

  constructor(random: () => number = Math.random, options: BackoffOptions = BACKOFF_DEFAULTS) {
    this.random = random;
    this.options = options;
  }

  /** A process ended unasked, or could not be started. */
  crashed(now: number, { servedMs, killed }: Crash = { servedMs: 0, killed: false }): void {
    const { firstMs, longestMs, longestKilledMs, goodServiceMs, provenMs, missedShare } = this.options;
    this.crashes = servedMs >= goodServiceMs ? 1 : this.crashes + 1;
    const longest = killed ? longestKilledMs : longestMs;
    const doubled = Math.min(longest, firstMs * 2 ** Math.min(20, this.crashes - 1));
    const proven = servedMs >= provenMs;
    if (proven && this.crashes === 1) return;
    const pauseMs = proven ? Math.min(doubled, servedMs * missedShare) : doubled;
    // A pause that is longer already goes on, unless a kill from outside says that what it was for is over.
    if (!killed && this.crashedAt + this.pauseMs >= now + pauseMs) return;
    this.crashedAt = now;
    this.pauseMs = pauseMs;
    this.jitter = 1 - JITTER + 2 * JITTER * this.random();
  }

  /**
   * Tell it at each tick how long the youngest serving worker has served, when no place is empty: after `goodServiceMs`
   * crashes are forgotten.
   */
  served(youngestMs: number): void {
    if (youngestMs >= this.options.goodServiceMs) this.crashes = 0;
  }

  /** Processes die one after the other without good service between. */
  get looping(): boolean {
    return this.crashes >= LOOP_AFTER;
  }

  /** Time left until the next fork, ms; 0: now. `down`: nobody serves. */
  delayMs(now: number, down = false): number {
    const pauseMs = down ? Math.min(this.pauseMs, this.options.longestDownMs) : this.pauseMs;
    return Math.max(0, this.crashedAt + pauseMs * this.jitter - now);
  }
}
