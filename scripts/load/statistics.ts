import { median as middleOf } from '../../src/engine/median.ts';

/** Middle value; NaN for none: nothing was measured. */
export const median = (values: readonly number[]): number => (values.length === 0 ? Number.NaN : middleOf(values));

/**
 * The largest value that passes, between one that should pass and one that should not, to within `tolerance` (a share
 * of the value). `low` is believed without a trial; when `high` passes it is returned.
 */
export async function bisect(
  low: number,
  high: number,
  tolerance: number,
  passes: (value: number) => Promise<boolean>,
): Promise<number> {
  if (await passes(high)) return high;
  let good = low;
  let bad = high;
  while ((bad - good) / good > tolerance) {
    const middle = (good + bad) / 2;
    if (await passes(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** Kendall's tau of two lists of numbers, by pairs. */
export function kendallTau(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1)
    for (let j = i + 1; j < a.length; j += 1) sum += Math.sign((a[i]! - a[j]!) * (b[i]! - b[j]!));
  return (2 * sum) / (a.length * (a.length - 1));
}
