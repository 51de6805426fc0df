/** Latency may exceed the uncrowded one by this factor before the limit is lowered: the noise of a window's mean. */
const TOLERANCE = 1.2;
/** Weight of a new limit against the one before. Gradient's default in Netflix concurrency-limits. */
const SMOOTHING = 0.2;
/** A window in which work failed for want of room or time lowers the limit by this factor. AIMDLimit of the same. */
const BACKOFF = 0.9;
/** Fewest and most samples that make a mean; between, as many as may be in flight: a window lasts about one latency. */
const MIN_WINDOW_SAMPLES = 20;
const MAX_WINDOW_SAMPLES = 100;
/**
 * Rounds of samples passed over when the limit has jumped: the quickest end first. With exponential service times the
 * mean of those that end in the third round is 8 % too low, within the tolerance; in the second 22 %.
 */
const SETTLING_ROUNDS = 2;
/** The uncrowded latency is measured anew so often, ms. ProbeRTT of BBR, section 4.3.4 of its draft. */
const PROBE_EVERY_MS = 10_000;
/** But a limit that has halved since the last probe is probed after this time already, ms: perhaps the work is dearer now. */
const PROBE_SOON_MS = 1_000;
/** With half in flight, latency that falls below this share was mostly waiting: then the half of the half is probed too. */
const WAITING_SHARE = 0.75;

export interface AdaptiveLimitOptions {
  initial: number;
  min: number;
  max: number;
}

/** One piece of work that has ended. */
export interface LimitSample {
  /** Monotonic clock, ms. */
  now: number;
  latencyMs: number;
  /** Pieces of work in flight when it began, itself included. */
  inFlight: number;
  /** It was refused or given up by what it waited for: a full queue, a deadline. */
  dropped?: boolean;
}

/** The state before the probe, to come back to. */
interface Probe {
  savedLimit: number;
  savedLatencyMs: number;
  limit: number;
  lastLatencyMs: number;
}

/**
 * How much work may be in flight at once, learnt from its latency: the gradient of Netflix concurrency-limits. With
 * every window of samples the limit becomes its share that does not wait (uncrowded latency by latency) and a small
 * queue beside it, the root of the limit: so it grows while more in flight brings more throughput, and falls to what
 * can be worked on when more in flight only waits. The uncrowded latency is measured by halving the limit now and then,
 * as BBR does; a long-term mean in its place (Gradient2) creeps up in a long overload, and the limit with it.
 * Never below `min`.
 */
export class AdaptiveLimit {
  private readonly min: number;
  private readonly max: number;
  private current: number;
  private uncrowdedMs: number | undefined;
  private probe: Probe | undefined;
  private probedAt: number | undefined;
  private probedLimit: number;
  /** Samples yet to be passed over. */
  private settling = 0;
  private samples = 0;
  private sumMs = 0;
  private anyDropped = false;

  constructor({ initial, min, max }: AdaptiveLimitOptions) {
    this.min = Math.max(1, min);
    this.max = Math.max(this.min, max);
    this.current = this.bounded(initial);
    this.probedLimit = this.current;
  }

  get limit(): number {
    return Math.floor(this.probe?.limit ?? this.current);
  }

  observe({ now, latencyMs, inFlight, dropped = false }: LimitSample): void {
    this.probedAt ??= now;
    const { limit } = this;
    // Begun before the probe: it waited among more than the probe lets in.
    if (this.probe !== undefined && inFlight > limit) return;
    // Too few in flight to learn anything of the limit.
    if (inFlight * 2 < limit) return;
    if (this.settling > 0) {
      this.settling -= 1;
      return;
    }
    this.samples += 1;
    this.sumMs += latencyMs;
    this.anyDropped ||= dropped;
    if (this.samples < Math.min(MAX_WINDOW_SAMPLES, Math.max(MIN_WINDOW_SAMPLES, limit))) return;
    const meanMs = Math.max(this.sumMs / this.samples, Number.MIN_VALUE);
    const failing = this.anyDropped;
    this.samples = 0;
    this.sumMs = 0;
    this.anyDropped = false;
    if (this.probe !== undefined) this.continueProbe(this.probe, meanMs, now);
    else if (this.isProbeDue(now)) this.beginProbe(meanMs, now);
    else this.update(meanMs, failing);
  }

  private update(meanMs: number, failing: boolean): void {
    this.uncrowdedMs ??= meanMs;
    const next = failing ? this.current * BACKOFF : this.aim(this.current, meanMs, this.uncrowdedMs);
    this.current = this.bounded(this.current + SMOOTHING * (next - this.current));
  }

  private aim(limit: number, latencyMs: number, uncrowdedMs: number): number {
    const gradient = Math.max(0.5, Math.min(1, (TOLERANCE * uncrowdedMs) / latencyMs));
    return limit * gradient + Math.sqrt(limit);
  }

  private isProbeDue(now: number): boolean {
    const sinceMs = now - this.probedAt!;
    return (
      this.uncrowdedMs === undefined ||
      sinceMs >= PROBE_EVERY_MS ||
      (sinceMs >= PROBE_SOON_MS && this.current < this.probedLimit / 2)
    );
  }

  private beginProbe(meanMs: number, now: number): void {
    this.probe = { savedLimit: this.current, savedLatencyMs: meanMs, limit: this.limit, lastLatencyMs: meanMs };
    this.halve(this.probe, meanMs, now);
  }

  private continueProbe(probe: Probe, meanMs: number, now: number): void {
    if (meanMs < WAITING_SHARE * probe.lastLatencyMs) this.halve(probe, meanMs, now);
    else this.endProbe(probe, meanMs, now);
  }

  private halve(probe: Probe, meanMs: number, now: number): void {
    const half = Math.max(this.min, Math.floor(probe.limit / 2));
    if (half >= probe.limit) {
      this.endProbe(probe, meanMs, now);
      return;
    }
    probe.limit = half;
    this.settling = SETTLING_ROUNDS * half;
    probe.lastLatencyMs = meanMs;
  }

  private endProbe({ savedLimit, savedLatencyMs }: Probe, uncrowdedMs: number, now: number): void {
    this.probe = undefined;
    this.settling = SETTLING_ROUNDS * this.limit;
    this.probedAt = now;
    this.uncrowdedMs = uncrowdedMs;
    const working = savedLimit * Math.min(1, (TOLERANCE * uncrowdedMs) / savedLatencyMs);
    this.current = this.bounded(working + Math.sqrt(working));
    this.probedLimit = this.current;
  }

  private bounded(limit: number): number {
    return Math.min(this.max, Math.max(this.min, limit));
  }
}
