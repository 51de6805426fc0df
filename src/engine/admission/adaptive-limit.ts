/** In flight at the start of work, as a share of the limit, from which a window says something of the limit. */
const FULL = 0.85;
/** Where a queue is, the limit is what the upstream works on at once times this: 1.25 times the uncrowded latency. */
const HEADROOM = 1.25;
/** Below this factor to the uncrowded latency nothing waits, and the limit grows by STARTUP. Gain of BBR's Startup. */
const IDLE = 1.1;
const STARTUP = 2;
/** Latency of so many times the uncrowded one is a reason to try a lower limit. Never a reason to keep it. */
const CROWDED = 1.5;
/** A latency of so many times the lowest is another state of the upstream, not the noise of a measurement. */
const FAR_OFF = 2.5;
/** A latency that has risen by more than this factor since the window before is still on its way: nothing to compare with. */
const STEADY = 1.2;
/** The lowest share of the limit that is tried at once: so far apart, the noise of two windows (10 %) misleads seldom. */
const LOWER = 0.5;
const LOWER_MOST = 0.75;
/** The higher limit that is tried, as a factor. */
const HIGHER = 1.25;
/**
 * A change of the limit by a factor f changed the throughput when throughput changed by more than f to this power:
 * 0 is an upstream that was full, 1 one that had room. Simulated: at 0.5 a limit of 256 that all was room for fell to 157
 * now and then (exponential times); at 0.33 an upstream with room for 20 kept a queue of three times its latency.
 */
const ELASTICITY = 0.4;
/** A trial ends without a result when so many windows have not filled the limit. */
const WINDOWS_TO_FILL = 4;
/** Fewest and most ends of work that make a window; between them, as many as bring the noise of the mean to 7 %. */
const LEAST_ENDS = 20;
const MOST_ENDS = 1_000;
const ENDS_PER_VARIANCE = 200;
/** A change of the limit shows when the work from before it has ended: after the mean latency and so many standard deviations. */
const SETTLING = 3;
/** A window is over after this time, ms, if it has FEW_ENDS. */
const LONGEST_WINDOW_MS = 3_000;
const FEW_ENDS = 6;
/** After a try that brought nothing, the next one waits this time, doubled with each up to the second, ms. ProbeRTT of BBR: 10 s. */
const TRY_AGAIN_MS = 10_000;
const TRY_AGAIN_MOST_MS = 160_000;
/** Share of drops in a window from which it is no measure of the uncrowded latency, and of crowding at once. */
const MANY_DROPS = 0.1;
/** So many drops in a row, and nothing good between them, are a failure; as many as the limit, if they are fewer, but 4. */
const FAILED_IN_A_ROW = 20;
const FAILED_LEAST = 4;
/** Rate of good ends is counted over two uncrowded latencies, but at least this time, ms. */
const RATE_MS = 1_000;
/** The best rate of good ends fades by this factor with each count: 50 counts halve it. */
const RATE_FADES = 0.986;
/** What an upstream that failed gets back at once, as a factor to what it was seen to work on. */
const BACK = 1.2;

export interface AdaptiveLimitOptions {
  /** Whole number of pieces of work in flight. The maximum is right where there is no reason for less. */
  initial: number;
  min: number;
  max: number;
}

/** One piece of work that has ended. */
export interface LimitSample {
  /** Monotonic clock, ms. */
  now: number;
  /** From the start of the work, not of the wait for a place. */
  latencyMs: number;
  /** Pieces of work in flight when it began, itself included. */
  inFlight: number;
  /** It ended in an error of what it waited for, or was given up at its deadline. */
  dropped?: boolean;
}

/** What a window showed. */
interface Seen {
  latencyMs: number;
  inFlight: number;
  /** Good ends per ms, by Little's law: in flight / latency. Unlike a count, it knows no bursts. */
  throughput: number;
  dropShare: number;
}

/** Ends of work, summed up. */
class Window {
  readonly startedAt: number;
  private ends = 0;
  private drops = 0;
  private latencySum = 0;
  private squareSum = 0;
  private inFlightSum = 0;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  add({ latencyMs, inFlight, dropped }: LimitSample): void {
    this.ends += 1;
    this.latencySum += latencyMs;
    this.squareSum += latencyMs * latencyMs;
    this.inFlightSum += inFlight;
    if (dropped) this.drops += 1;
  }

  /** Variance of the latencies over the square of their mean. */
  get scatter(): number {
    const mean = this.latencySum / this.ends;
    return mean > 0 ? Math.max(0, this.squareSum / this.ends / (mean * mean) - 1) : 0;
  }

  isOver(now: number, scatterBefore: number): boolean {
    if (now - this.startedAt >= LONGEST_WINDOW_MS) return this.ends >= FEW_ENDS;
    const enough = ENDS_PER_VARIANCE * Math.max(this.scatter, scatterBefore);
    return this.ends >= Math.min(MOST_ENDS, Math.max(LEAST_ENDS, enough));
  }

  seen(): Seen {
    const latencyMs = Math.max(this.latencySum / this.ends, Number.MIN_VALUE);
    const inFlight = this.inFlightSum / this.ends;
    const dropShare = this.drops / this.ends;
    return { latencyMs, inFlight, dropShare, throughput: ((1 - dropShare) * inFlight) / latencyMs };
  }
}

/** Rate of good ends, the best of late, per ms. */
class GoodRate {
  best = 0;
  private count = 0;
  private since: number | undefined;

  add({ now, latencyMs, dropped }: LimitSample, uncrowdedMs: number): void {
    this.since ??= now - latencyMs;
    if (!dropped) this.count += 1;
    if (now - this.since >= Math.max(RATE_MS, 2 * Math.min(uncrowdedMs, latencyMs))) this.close(now);
  }

  private close(now: number): void {
    if (this.since === undefined) return;
    this.best = Math.max(this.count / Math.max(RATE_MS, now - this.since), this.best * RATE_FADES);
    this.since = now;
    this.count = 0;
  }

  /** All that is known of the rate at a failure; the counting begins anew. `doubted`: known before, and not seen since. */
  take(now: number, doubted: number): number {
    this.close(now);
    const known = this.best > 0 ? this.best : doubted;
    this.best = 0;
    this.since = undefined;
    return known;
  }
}

/** When to try again what brought nothing. */
class Patience {
  private waitMs = TRY_AGAIN_MS;
  private until = Number.NEGATIVE_INFINITY;

  isOver(now: number): boolean {
    return now >= this.until;
  }

  extend(now: number): void {
    this.until = now + this.waitMs;
    this.waitMs = Math.min(TRY_AGAIN_MOST_MS, 2 * this.waitMs);
  }

  reset(): void {
    this.waitMs = TRY_AGAIN_MS;
  }

  forget(): void {
    this.reset();
    this.until = Number.NEGATIVE_INFINITY;
  }
}

/** A limit that is being tried, and what to come back to. */
interface Trial {
  limitBefore: number;
  throughputBefore: number;
  windows: number;
}

/**
 * How much work may be in flight at once, learnt from throughput. Latency only asks the question: where it is well
 * over the uncrowded one, a lower limit is tried, and kept if as much work ends well as before; if less does, the
 * latency is no queue but the work itself, and becomes the uncrowded one. So a constant latency never lowers the limit.
 * Where work hardly waits, the limit grows until the latency is HEADROOM times the uncrowded one; where nothing waits,
 * twice the limit is tried, else now and then a little more. When nothing ends well any more, the limit falls to `min`,
 * so that the upstream can work off what it still holds, and with the first good end it comes back to what was worked
 * on at once before (Little's law: rate of good ends times uncrowded latency).
 * Nothing is learnt while fewer are in flight than may be, but from time-outs.
 * Background: BBR (draft-ietf-ccwg-bbr), AIMDLimit and GradientLimit of Netflix concurrency-limits.
 */
export class AdaptiveLimit {
  private readonly min: number;
  private readonly max: number;
  private current: number;
  private uncrowdedMs = Number.POSITIVE_INFINITY;
  /** The lowest that the uncrowded latency ever was. */
  private lowestMs = Number.POSITIVE_INFINITY;
  private latencyBeforeMs: number | undefined;
  private trial: Trial | undefined;
  private window: Window | undefined;
  private settledAt = Number.NEGATIVE_INFINITY;
  private scatter = 0;
  /** A lower limit brought as much: unless nothing waits, only a trial goes beyond what would be crowded again. */
  private ceiling = Number.POSITIVE_INFINITY;
  private readonly rate = new GoodRate();
  private dropsInARow = 0;
  private failing = false;
  /** Good ends per ms before the last failure. */
  private rateBefore = 0;
  /** Work that began before the last failure, or before the way back from it, says nothing. */
  private judgedFrom = Number.NEGATIVE_INFINITY;
  private readonly lower = new Patience();
  private readonly higher = new Patience();

  constructor({ initial, min, max }: AdaptiveLimitOptions) {
    this.min = Math.max(1, min);
    this.max = Math.max(this.min, max);
    this.current = this.bounded(initial);
  }

  /** Whole number between `min` and `max`. */
  get limit(): number {
    return Math.floor(this.current);
  }

  observe(sample: LimitSample): void {
    const { now, latencyMs, dropped = false } = sample;
    if (now - latencyMs < this.judgedFrom) return;
    if (this.failing) {
      if (!dropped) this.comeBack(now, latencyMs);
      return;
    }
    this.rate.add(sample, this.uncrowdedMs);
    this.dropsInARow = dropped ? this.dropsInARow + (this.isForWantOfRoom(sample) ? 1 : 0) : 0;
    if (this.dropsInARow >= Math.max(FAILED_LEAST, Math.min(FAILED_IN_A_ROW, this.limit))) {
      this.fail(now);
      return;
    }
    if (now < this.settledAt) return;
    this.window ??= new Window(now);
    this.window.add(sample);
    if (!this.window.isOver(now, this.scatter)) return;
    this.scatter = Math.max(this.window.scatter, this.scatter * 0.8);
    const seen = this.window.seen();
    this.window = undefined;
    this.noteUncrowded(seen);
    if (this.trial === undefined) this.judge(seen, now);
    else this.endTrial(this.trial, seen, now);
    this.latencyBeforeMs = seen.latencyMs;
  }

  /** With HEADROOM in use no window is uncrowded: without the lowest, each change of the work would leave a longer queue. */
  private noteUncrowded({ latencyMs, dropShare }: Seen): void {
    if (dropShare >= MANY_DROPS) return;
    this.lowestMs = Math.min(this.lowestMs, latencyMs);
    this.uncrowdedMs = Math.min(this.uncrowdedMs, latencyMs > CROWDED * this.lowestMs ? latencyMs : this.lowestMs);
  }

  /** An error that comes quickly, far from the limit, has another reason. */
  private isForWantOfRoom({ inFlight, latencyMs }: LimitSample): boolean {
    return inFlight >= FULL * this.limit || latencyMs > CROWDED * this.uncrowdedMs;
  }

  private judge(seen: Seen, now: number): void {
    const { inFlight, latencyMs, dropShare } = seen;
    const crowding = latencyMs / this.uncrowdedMs;
    const dropping = dropShare >= MANY_DROPS && crowding > CROWDED;
    if (inFlight < FULL * this.limit && !dropping) return;
    if (crowding > CROWDED && this.current > this.min && this.lower.isOver(now)) {
      if (!this.isSteadyCrowd(latencyMs)) return;
      const share = Math.min(LOWER_MOST, Math.max(LOWER, HEADROOM / crowding));
      this.try(Math.min(this.current, inFlight) * share, seen, now);
    } else if (dropping || this.current >= this.max) return;
    else if (crowding < IDLE && this.higher.isOver(now)) this.try(this.current * STARTUP, seen, now);
    else if (crowding < HEADROOM && (crowding < IDLE || this.current < this.ceiling)) {
      const grown = (this.current * HEADROOM) / crowding;
      this.change(crowding < IDLE ? grown : Math.min(grown, this.ceiling), latencyMs, now);
    } else if (this.higher.isOver(now)) this.try(Math.max(this.current * HIGHER, this.current + 1), seen, now);
  }

  /** Two windows in a row are crowded, and the latency no longer rises. */
  private isSteadyCrowd(latencyMs: number): boolean {
    const beforeMs = this.latencyBeforeMs ?? 0;
    return beforeMs > CROWDED * this.uncrowdedMs && latencyMs <= STEADY * beforeMs;
  }

  private try(limit: number, { throughput, latencyMs }: Seen, now: number): void {
    this.trial = { limitBefore: this.current, throughputBefore: throughput, windows: 0 };
    this.change(limit, latencyMs, now);
  }

  private endTrial(trial: Trial, seen: Seen, now: number): void {
    const { limitBefore, throughputBefore } = trial;
    const isFull = seen.inFlight >= FULL * this.limit;
    trial.windows += 1;
    // It takes a while until as many are in flight as may be.
    if (!isFull && trial.windows < WINDOWS_TO_FILL) return;
    this.trial = undefined;
    const isLower = this.current < limitBefore;
    const isThroughputOfLimit = seen.throughput / throughputBefore;
    const half = (this.current / limitBefore) ** ELASTICITY;
    const isWorse = isLower ? isThroughputOfLimit < half : isThroughputOfLimit <= half;
    if (isFull && !isWorse) {
      (isLower ? this.lower : this.higher).reset();
      this.ceiling = this.current * Math.max(1, (CROWDED * this.uncrowdedMs) / seen.latencyMs);
      this.judge(seen, now);
      return;
    }
    (isLower ? this.lower : this.higher).extend(now);
    if (isFull && isLower && seen.dropShare < MANY_DROPS) this.refresh(seen.latencyMs);
    this.change(limitBefore, seen.latencyMs, now);
  }

  /** The latency was no queue. What it was before may come back when it was far off; else it was noise. */
  private refresh(latencyMs: number): void {
    this.uncrowdedMs = latencyMs;
    if (latencyMs < FAR_OFF * this.lowestMs) this.lowestMs = latencyMs;
  }

  private change(limit: number, latencyMs: number, now: number): void {
    this.current = this.bounded(limit);
    this.settledAt = now + Math.min(LONGEST_WINDOW_MS, latencyMs * (1 + SETTLING * Math.sqrt(this.scatter)));
  }

  private fail(now: number): void {
    this.failing = true;
    this.trial = undefined;
    this.window = undefined;
    this.dropsInARow = 0;
    this.judgedFrom = now;
    this.rateBefore = this.rate.take(now, this.rateBefore / 2);
    this.current = this.min;
    this.ceiling = Number.POSITIVE_INFINITY;
    this.higher.forget();
  }

  private comeBack(now: number, latencyMs: number): void {
    this.failing = false;
    this.judgedFrom = now;
    const workedOn = this.rateBefore * Math.min(this.uncrowdedMs, latencyMs);
    const share = Math.min(1, this.uncrowdedMs / latencyMs);
    this.change(this.rateBefore === 0 ? this.min : BACK * workedOn * share, 0, now);
  }

  private bounded(limit: number): number {
    return Math.min(this.max, Math.max(this.min, limit));
  }
}
