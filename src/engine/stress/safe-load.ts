import { median } from '../median.ts';
import { differences } from './circumstances.ts';
import type { Circumstances, StressRun } from './run-record.ts';

/** A machine that is loaded to its last request has nothing left for a deploy, a backup, a neighbour. */
export const SAFE_SHARE = 0.7;

/** What the machine can take, for people. */
export interface SafeLoad {
  /** `safe to about 340 visitors a second`, and what limits it. */
  text: string;
  /** Why it no longer counts; empty: it does. */
  stale: string;
}

/** The sentence, with a number that does not pretend to be exact. */
export const safeText = (perSecond: number, limit: string): string =>
  `safe to about ${rounded(perSecond * SAFE_SHARE)} visitors a second; ${limit}`;

/** Two digits: the third is noise. */
function rounded(value: number): string {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return (Math.round(value / step) * step).toLocaleString('en-GB');
}

/** What a run says of the machine as it is now. */
export function safeLoadOf(run: StressRun, now: Circumstances): SafeLoad {
  const other = differences(run, now);
  return {
    text: safeText(median(run.perSecond), limitOf(run.costs)),
    stale: other.length === 0 ? '' : `measured with ${other.join(', ')}`,
  };
}

/** The page on which most of the time goes, its share of the visitors counted. */
export function limitOf(costs: StressRun['costs']): string {
  const part = ({ share, cpuMs }: StressRun['costs'][number]): number => share * cpuMs;
  const all = costs.reduce((sum, cost) => sum + part(cost), 0);
  const most = costs.reduce((a, b) => (part(b) > part(a) ? b : a));
  const percent = all === 0 ? 0 : Math.round((100 * part(most)) / all);
  return `the CPU limits it: ${percent} % of it goes into ${most.name} (${most.cpuMs.toPrecision(2)} ms each)`;
}
