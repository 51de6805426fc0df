import { median } from '../median.ts';
import { noiseBand } from './noise.ts';
import type { StressRun } from './run-record.ts';

/** Runs before the last one that it is compared with: after as many the new level is the usual one. */
const COMPARED = 7;
/** Of fewer nobody knows what is usual. */
const LEAST_COMPARED = 3;

/** The last run beside the usual ones. */
export interface StressTrend {
  /** Visitors a second of the last run, and of those before. */
  now: number;
  usual: number;
  /** A share: a fall by less is noise. */
  band: number;
  fallen: boolean;
}

/**
 * Whether the last run is below those before by more than noise. Of another machine, or another Node.js, it is not known;
 * another version of the site is just what is to be seen. `runs`: oldest first. Undefined: there are too few.
 */
export function stressTrend(runs: readonly StressRun[]): StressTrend | undefined {
  const last = runs.at(-1);
  if (last === undefined) return undefined;
  const before = runs
    .slice(0, -1)
    .filter(({ node, cpu, cores }) => node === last.node && cpu === last.cpu && cores === last.cores)
    .slice(-COMPARED)
    .map(({ perSecond }) => median(perSecond));
  if (before.length < LEAST_COMPARED) return undefined;
  const [now, usual] = [median(last.perSecond), median(before)];
  const band = noiseBand(before, last.perSecond);
  return { now, usual, band, fallen: now < usual * (1 - band) };
}
