import { median } from '../../load/statistics.ts';
import type { Row } from '../scenario.ts';

/** Where and how the numbers were made. */
export interface Conditions {
  command: string;
  /** ISO date. */
  date: string;
  cpu: string;
  placement: string;
  node: string;
  /** Of Tahan and the servers beside it, in words. */
  versions: string;
  /** How busy the machine was with other work before each run, percent of all cores. */
  busyBefore: number[];
  runs: number;
  seconds: number;
  /** Iterations of the lab's arithmetic per millisecond. */
  labRate: number;
  /** Capacity C of each run that needed it, requests per second. */
  capacities: number[];
}

export interface MedianRow extends Row {
  /** Sound runs behind the medians. */
  runs: number;
}

/** Medians over the runs, row by row; void runs do not count. A row with only void runs keeps their reason. */
export function medians(runs: readonly (readonly Row[])[]): MedianRow[] {
  const groups = new Map<string, Row[]>();
  for (const row of runs.flat()) {
    const key = `${row.case}\n${row.server}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((rows) => {
    const sound = rows.filter((row) => row.void === undefined);
    const first = rows[0]!;
    const names = Object.keys(first.values);
    return {
      server: first.server,
      case: first.case,
      values: Object.fromEntries(names.map((name) => [name, medianOf(sound.map((row) => row.values[name] ?? null))])),
      runs: sound.length,
      ...(sound.length === 0 ? { void: first.void! } : {}),
    };
  });
}

/** What did not happen in a run counts as worst: it stands at the far end of the order. */
function medianOf(values: readonly (number | null)[]): number | null {
  const middle = median(values.map((value) => value ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(middle) ? middle : null;
}
