import { Ewma } from './ewma.ts';

/** The load of the loop changes within seconds. */
const HALF_LIFE_MS = 1_000;
/** On an idle core 55 to 73 µs were measured. */
const FIRST_MS = 0.1;
/** One hand-over counts as at most so many times the mean: the first one of a thread has its start in it, 50 to 300 ms. */
const OUTLIER_MEANS = 10;

/**
 * Time in which a thread is neither free nor at work: from the end of a task until the loop has heard of it and handed
 * the next one over. On a busy loop it is as long as a quick task; without it the wait in the pool came out at 300 to
 * 1,000 ms where 250 were foretold (tasks of 6 ms, 10 times the capacity, one core).
 */
export class HandOver {
  private readonly mean = new Ewma(HALF_LIFE_MS);

  get ms(): number {
    return this.mean.value ?? FIRST_MS;
  }

  observe(ms: number, now: number): void {
    this.mean.add(Math.min(Math.max(0, ms), Math.max(1, OUTLIER_MEANS * this.ms)), now);
  }
}
