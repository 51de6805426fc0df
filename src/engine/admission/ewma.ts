/** A single sample counts as at most so many times the mean: one job that hung for a second must not stand for all. */
const OUTLIER_MEANS = 10;
/** But as so much in any case: times under a millisecond are mostly noise. */
const LEAST_CAP = 1;

/**
 * A mean in which a sample's weight halves with every `halfLifeMs` of age. Weighted by time, not by count: a route that
 * is asked once a minute forgets an old cost as soon as one that is asked a thousand times a second.
 */
export class Ewma {
  private readonly halfLifeMs: number;
  private sum = 0;
  private weight = 0;
  private at = 0;

  constructor(halfLifeMs: number) {
    this.halfLifeMs = halfLifeMs;
  }

  /** Undefined before the first sample. */
  get value(): number | undefined {
    return this.weight === 0 ? undefined : this.sum / this.weight;
  }

  /** Adds a sample as at most so many times the mean, and gives what it counted as. */
  addCapped(sample: number, now: number, means = OUTLIER_MEANS): number {
    const { value } = this;
    const capped = value === undefined ? sample : Math.min(sample, Math.max(LEAST_CAP, means * value));
    this.add(capped, now);
    return capped;
  }

  /** `now`: monotonic clock, ms. */
  add(sample: number, now: number): void {
    const kept = 2 ** (-Math.max(0, now - this.at) / this.halfLifeMs);
    this.sum = this.sum * kept + sample;
    this.weight = this.weight * kept + 1;
    this.at = now;
  }
}
