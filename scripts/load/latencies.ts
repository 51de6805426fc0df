/**
 * Latencies in steps of 2 %, from 1 µs to some minutes: small enough to be kept for each second and each route, sent to
 * another process, and added up there. Pairs of step and count, in order of the steps.
 */
export type Latencies = [step: number, count: number][];

const GROWTH = Math.log(1.02);
/** Some 20 minutes; what is longer counts as that. */
const MAX_STEP = 1_060;

const stepOf = (ms: number): number =>
  Math.min(MAX_STEP, Math.max(0, Math.round(Math.log(Math.max(ms, 0.001) / 0.001) / GROWTH)));
/** The middle of a step, ms. */
const msOf = (step: number): number => 0.001 * Math.exp(step * GROWTH);

/** Latencies while they are counted. */
export class LatencyCount {
  private readonly counts = new Map<number, number>();

  add(ms: number): void {
    const step = stepOf(ms);
    this.counts.set(step, (this.counts.get(step) ?? 0) + 1);
  }

  report(): Latencies {
    return [...this.counts].sort(([a], [b]) => a - b);
  }
}

/** All of several together. */
export function together(all: readonly Latencies[]): Latencies {
  const sum = new Map<number, number>();
  for (const latencies of all) for (const [step, count] of latencies) sum.set(step, (sum.get(step) ?? 0) + count);
  return [...sum].sort(([a], [b]) => a - b);
}

/** How many took no longer than `ms` (to 2 %). */
export const countWithin = (latencies: Latencies, ms: number): number =>
  countOf(latencies.filter(([step]) => step <= stepOf(ms)));

export const countOf = (latencies: Latencies): number => latencies.reduce((sum, [, count]) => sum + count, 0);

/** The latency, ms, within which `percent` of them lie (0 to 100, to 2 %); undefined for none. */
export function percentileMs(latencies: Latencies, percent: number): number | undefined {
  const rank = Math.max(1, Math.ceil((percent / 100) * countOf(latencies)));
  let seen = 0;
  for (const [step, count] of latencies) {
    seen += count;
    if (seen >= rank) return msOf(step);
  }
  return undefined;
}

/** Mean, ms; undefined for none. */
export function meanMs(latencies: Latencies): number | undefined {
  const count = countOf(latencies);
  return count === 0 ? undefined : latencies.reduce((sum, [step, times]) => sum + times * msOf(step), 0) / count;
}
