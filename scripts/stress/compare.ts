import { readFile } from 'node:fs/promises';
import { noiseBand } from '../../src/engine/stress/noise.ts';
import { median } from '../load/statistics.ts';
import type { StressReport } from './result.ts';

/** What two runs say of one number. `ratio`: new over old, so that over 1 is more of it. */
export interface Difference {
  name: string;
  old: number;
  now: number;
  ratio: number;
  /** Ratios within 1 ± this are noise. */
  band: number;
  verdict: 'same' | 'better' | 'worse';
}

export interface Comparison {
  differences: Difference[];
  verdict: 'same' | 'better' | 'worse';
  /** In words. */
  text: string;
}

/** Another load of the machine than this, percent, is told with the verdict. */
const OTHERWISE_BUSY_PERCENT = 25;
/** A latency that is smaller than a timer is exact is no news, ms. */
const LEAST_MS = 2;

/** Numbers of a run, by name: the cost of each route, and what each scenario gave. */
function numbersOf({ capacity, scenarios }: StressReport): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  for (const { name, costMs } of capacity.routes) if (costMs.length > 0) numbers.set(`${name}: CPU ms`, costMs);
  for (const scenario of scenarios) {
    if (scenario.status === 'void' || scenario.status === 'skipped') continue;
    for (const [name, values] of Object.entries(scenario.numbers)) numbers.set(`${scenario.name}: ${name}`, values);
  }
  return numbers;
}

interface Known {
  name: string;
  old: readonly number[];
  now: readonly number[];
}

/** Of two runs of one build so many may be told apart. */
const FALSE_ALARMS = 0.1;
/** A median is less exact than a mean, by this factor (normal noise, large samples). */
const MEDIAN_FACTOR = 1.25;

/**
 * The noise of numbers of one kind (`p99 ms` of all scenarios), from the repeats of all of them: three repeats of one
 * number agree by chance now and then, and of 60 numbers that are compared some do always. Gives the band for one of
 * them, of `compared` in all; the bound of the normal distribution's tail says how wide it must be.
 */
function bandOfKind(kind: readonly Known[], compared: number): (number: Known) => number {
  let squares = 0;
  let freedom = 0;
  for (const values of kind.flatMap(({ old, now }) => [old, now])) {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    if (mean === 0) continue;
    for (const value of values) squares += (value / mean - 1) ** 2;
    freedom += values.length - 1;
  }
  const sigma = freedom === 0 ? 0 : Math.sqrt(squares / freedom);
  const width = Math.sqrt(2 * Math.log(compared / FALSE_ALARMS));
  return ({ old, now }) => width * MEDIAN_FACTOR * sigma * Math.sqrt(1 / old.length + 1 / now.length);
}

/** What kind of a number it is: the same of another page or scenario. */
const kindOf = (name: string): string => name.slice(name.lastIndexOf(': ') + 2);

/** Compares one number of two runs, each with its repeats. `moreIsBetter`: as of a rate. `leastBand`: what is noise at least. */
export function compareNumber(
  name: string,
  old: readonly number[],
  now: readonly number[],
  moreIsBetter: boolean,
  leastBand = 0,
): Difference {
  const [before, after] = [median(old), median(now)];
  const tiny = name.endsWith('ms') && !name.endsWith('CPU ms') && Math.max(before, after) < LEAST_MS;
  const ratio = before === after || tiny ? 1 : after / before;
  const band = Math.max(leastBand, noiseBand(old, now));
  const beyond = Math.abs(ratio - 1) > band;
  const verdict = !beyond ? 'same' : ratio > 1 === moreIsBetter ? 'better' : 'worse';
  return { name, old: before, now: after, ratio, band, verdict };
}

/** What became better or worse from one run to another. What only one of the two has is left out. */
export function compareReports(old: StressReport, now: StressReport): Comparison {
  const before = numbersOf(old);
  const known: Known[] = [...numbersOf(now)].flatMap(([name, values]) => {
    const old = before.get(name);
    return old === undefined ? [] : [{ name, old, now: values }];
  });
  const bands = new Map(
    [...Map.groupBy(known, ({ name }) => kindOf(name))].map(([kind, all]) => [kind, bandOfKind(all, known.length)]),
  );
  const differences = known.map((one) =>
    compareNumber(one.name, one.old, one.now, one.name.endsWith('rate'), bands.get(kindOf(one.name))!(one)),
  );
  const judged = differences.filter(({ band }) => Number.isFinite(band));
  const of = (verdict: Difference['verdict']): Difference[] => differences.filter((one) => one.verdict === verdict);
  const [worse, better] = [of('worse'), of('better')];
  const verdict = worse.length > 0 ? 'worse' : better.length > 0 ? 'better' : 'same';
  const list = (all: Difference[]): string => all.map(({ name, ratio }) => `${name} x${ratio.toFixed(2)}`).join(', ');
  const text =
    differences.length === 0
      ? 'the two runs have no number in common'
      : verdict === 'same'
        ? `no difference beyond noise in ${differences.length} numbers, of which ${judged.length} have repeats`
        : [worse.length > 0 ? `worse: ${list(worse)}` : '', better.length > 0 ? `better: ${list(better)}` : '']
            .filter((part) => part !== '')
            .join('; ');
  return { differences, verdict, text: text + otherwiseBusy(old, now) };
}

function otherwiseBusy({ machine: old }: StressReport, { machine: now }: StressReport): string {
  if (Math.abs(now.busyPercent - old.busyPercent) <= OTHERWISE_BUSY_PERCENT) return '';
  return ` (the machine was ${old.busyPercent.toFixed(0)} % busy with other work then, ${now.busyPercent.toFixed(0)} % now)`;
}

/** A report that was written with --json; or, as text, why it is none. */
export async function readReport(file: string): Promise<StressReport | string> {
  try {
    const report = JSON.parse(await readFile(file, 'utf8')) as Partial<StressReport> | null;
    return report?.schema === 1 && Array.isArray(report.scenarios) && report.capacity !== undefined
      ? (report as StressReport)
      : 'is no report of npm run stress -- --json';
  } catch (error) {
    return error instanceof SyntaxError ? 'is no JSON' : (error as Error).message;
  }
}
