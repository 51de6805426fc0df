import { Ewma } from './ewma.ts';

/** Jobs of the last seconds count. */
const HALF_LIFE_MS = 5_000;

/**
 * A single job counts as at most so many times the mean: one that hung for a second must not open the gate for all. But
 * where one page of ten costs 150 ms (exponentially) and the others 5, jobs of 600 ms are part of the work.
 */
const OUTLIER_MEANS = 30;

/**
 * The size of the work in hand: E[S²]/E[S] of recent jobs, ms. It is the mean size of the job that an arriving request
 * finds at work (the inspection paradox; Pollaczek and Khinchine have it in the mean wait of M/G/1), so bounds that are
 * multiples of it let in the queues that chance makes, whether a job takes 5 ms or 150.
 */
export class WorkUnit {
  private readonly mean = new Ewma(HALF_LIFE_MS);
  private readonly square = new Ewma(HALF_LIFE_MS);

  /** A job took `costMs`. `now`: monotonic clock, ms. */
  observe(costMs: number, now: number): void {
    const capped = this.mean.addCapped(costMs, now, OUTLIER_MEANS);
    this.square.add(capped * capped, now);
  }

  /** Begins with what was learned before a restart, as if it were one job. */
  expect({ meanMs, ms }: { meanMs: number; ms: number }, now: number): void {
    this.mean.add(meanMs, now);
    this.square.add(meanMs * ms, now);
  }

  /** For the next start; null: nothing was seen. */
  get learned(): { meanMs: number; ms: number } | null {
    const { value } = this.mean;
    return value === undefined || value <= 0 ? null : { meanMs: value, ms: this.ms };
  }

  /** 0 before the first job. */
  get ms(): number {
    const mean = this.mean.value ?? 0;
    return mean <= 0 ? 0 : this.square.value! / mean;
  }
}
