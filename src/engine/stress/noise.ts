import { median } from '../median.ts';

/** Even with repeats that agree by chance, and on a quiet machine, this much is noise. */
const LEAST_BAND = 0.08;
/** Of a number without repeats nobody knows the noise: it is not judged. */
const BAND_WITHOUT_REPEATS = Number.POSITIVE_INFINITY;

/** Half of the spread of some values, as a part of their median. */
function spread(values: readonly number[]): number {
  const middle = median(values);
  if (values.length < 2 || middle === 0) return BAND_WITHOUT_REPEATS;
  return (Math.max(...values) - Math.min(...values)) / 2 / middle;
}

/** Ratios within 1 ± this are noise: two runs are as far apart by chance as the spreads of both together. */
export const noiseBand = (old: readonly number[], now: readonly number[]): number =>
  Math.max(LEAST_BAND, spread(old) + spread(now));
