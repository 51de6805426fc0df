/** Weight of a sample in the long-term latency, per sample; slow, so that it stands for the uncrowded time. */
const LONG_WEIGHT = 0.02;
/** Latency may grow by this factor over the long-term one before the limit is lowered. Gradient2, Netflix concurrency-limits. */
const TOLERANCE = 1.5;
/** Weight of a new limit. Gradient2's default. */
const SMOOTHING = 0.2;

export interface AdaptiveLimitOptions {
  initial: number;
  min: number;
  max: number;
}

/**
 * How much work may be in flight at once, learnt from its latency: Gradient2 of Netflix concurrency-limits. The limit
 * grows by the square root of itself (the queue that is allowed) while latency stays near its long-term mean, and is
 * lowered by the ratio of the two when more in flight brings only more waiting. Never below `min`.
 */
export class AdaptiveLimit {
  private readonly min: number;
  private readonly max: number;
  private current: number;
  private longMs: number | undefined;

  constructor({ initial, min, max }: AdaptiveLimitOptions) {
    this.min = min;
    this.max = max;
    this.current = Math.min(max, Math.max(min, initial));
  }

  get limit(): number {
    return Math.floor(this.current);
  }

  /** One piece of work took `latencyMs` with `inFlight` (itself included) at its start. */
  observe({ latencyMs, inFlight }: { latencyMs: number; inFlight: number }): void {
    const shortMs = Math.max(latencyMs, 0.01);
    this.longMs = this.longMs === undefined ? shortMs : this.longMs + LONG_WEIGHT * (shortMs - this.longMs);
    // After a long overload the mean is high; it comes down quickly once the work is quick again.
    if (this.longMs / shortMs > 2) this.longMs *= 0.95;
    // Too little in flight to learn anything of a higher limit.
    if (inFlight < this.current / 2) return;
    const gradient = Math.max(0.5, Math.min(1, (TOLERANCE * this.longMs) / shortMs));
    const next = this.current * gradient + Math.sqrt(this.current);
    this.current = Math.min(this.max, Math.max(this.min, this.current * (1 - SMOOTHING) + next * SMOOTHING));
  }
}
