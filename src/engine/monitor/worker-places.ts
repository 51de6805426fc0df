import type { Sample } from '../monitor-sample.ts';
import type { Fold, Values } from './series.ts';

/** Workers with lines of their own in the charts. */
export const MAX_PLACES = 64;
/** What is kept of each place, in this order. */
const PER_PLACE = [
  ['lag', 'max'],
  ['elu', 'mean'],
] as const satisfies readonly (readonly [string, Fold])[];

/** How the value at an index is folded into a longer step. */
export const placeFold = (index: number): Fold => PER_PLACE[index % PER_PLACE.length]![1];
/** The series of a value: `lag.1`, `elu.1`, `lag.2` and so on. */
export const placeSeries = (index: number): string =>
  `${PER_PLACE[index % PER_PLACE.length]![0]}.${Math.floor(index / PER_PLACE.length) + 1}`;

/**
 * Gives each worker that serves a place, which another has when it is gone: a line of a chart goes on over deaths and
 * reloads, and there are as many as workers serve at once.
 */
export class WorkerPlaces {
  private places = new Map<string, number>();

  /** Lag (p99, ms) and utilisation of each place; NaN: nobody has it. */
  valuesOf({ workers }: Pick<Sample, 'workers'>): Values {
    const serving = workers.filter(({ state }) => state === 'serving');
    const names = new Set(serving.map(({ name }) => name));
    this.places = new Map([...this.places].filter(([name]) => names.has(name)));
    const taken = new Set(this.places.values());
    for (const { name } of serving) {
      if (this.places.has(name)) continue;
      let free = 0;
      while (taken.has(free)) free += 1;
      if (free >= MAX_PLACES) break;
      taken.add(free);
      this.places.set(name, free);
    }
    const values = new Float32Array((Math.max(-1, ...taken) + 1) * PER_PLACE.length).fill(Number.NaN);
    for (const { name, lagP99Ms, elu } of serving) {
      const place = this.places.get(name);
      if (place !== undefined) values.set([lagP99Ms, elu], place * PER_PLACE.length);
    }
    return values;
  }
}
