/** A step of the time series, as far as it is needed here. */
interface Step {
  offered: number;
  good: number;
}

/** Of a step, this part must be good for it to count as well: a busy machine is never quite well. */
const WELL = 0.8;
/** So many steps in a row. */
const IN_A_ROW = 2;

/**
 * Time from `fromMs` until visitors are served as before: the start of the first two steps in a row of which 80 % are
 * good. Infinity: never within the series. Undefined: nobody came after `fromMs`.
 */
export function recoveryMs(series: readonly Step[], bucketMs: number, fromMs: number): number | undefined {
  const first = Math.floor(fromMs / bucketMs);
  let well = 0;
  let cameMs: number | undefined;
  let seen = false;
  for (let index = first; index < series.length; index += 1) {
    const { offered, good } = series[index]!;
    if (offered === 0) continue;
    seen = true;
    if (good < WELL * offered) {
      well = 0;
      continue;
    }
    if (well === 0) cameMs = Math.max(0, index * bucketMs - fromMs);
    well += 1;
    if (well >= IN_A_ROW) return cameMs;
  }
  if (!seen) return undefined;
  return Number.POSITIVE_INFINITY;
}

/** The longest time without one good answer while visitors came, ms. */
export function longestGapMs(series: readonly Step[], bucketMs: number): number {
  let longest = 0;
  let gap = 0;
  for (const { offered, good } of series) {
    if (good > 0) gap = 0;
    else if (offered > 0) gap += bucketMs;
    longest = Math.max(longest, gap);
  }
  return longest;
}
