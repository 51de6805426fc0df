/** Middle value; the mean of the middle two when their count is even. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

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
