/**
 * The value below which a share of what a histogram counted lies, in the unit of its bounds: within a bucket it is taken
 * as spread evenly; beyond the last bound it is that bound. 0 for an empty one.
 */
export function quantile(counts: readonly number[], bounds: readonly number[], share: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let left = total * share;
  for (const [index, count] of counts.entries()) {
    if (count === 0 || left > count) {
      left -= count;
      continue;
    }
    const low = index === 0 ? 0 : bounds[index - 1]!;
    const high = bounds[index] ?? low;
    return low + (high - low) * (left / count);
  }
  return 0;
}
