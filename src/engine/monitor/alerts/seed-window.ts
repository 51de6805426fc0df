import type { Counts, Window } from '../../alerts/window.ts';
import { OUTCOMES } from '../../monitor-sample.ts';
import type { HistoryStore, Step } from '../history-store.ts';
import { SERIES_NAMES } from '../series.ts';

const HOUR_MS = 3_600_000;
const PART_SECONDS = 10;

/** After a start the rules know what came before: of the last hour by the second, of the five before it by the minute. */
export function seedWindow(window: Window, store: HistoryStore, now: number): void {
  const hourAgo = now - HOUR_MS;
  for (const step of store.steps('minutes', now - 6 * HOUR_MS, hourAgo)) {
    // A minute is many buckets.
    const parts = Math.max(1, Math.round(step.seconds / PART_SECONDS));
    for (let part = parts - 1; part >= 0; part--) {
      const at = step.at - part * PART_SECONDS * 1_000;
      window.add(at, step.seconds / parts, countsOf(step, step.seconds / parts));
    }
  }
  for (const step of store.steps('seconds', hourAgo, now))
    window.add(step.at, step.seconds, countsOf(step, step.seconds));
}

const INDEX = OUTCOMES.map((outcome) => [outcome, SERIES_NAMES.indexOf(`rate.${outcome}`)] as const);

const countsOf = ({ values }: Step, seconds: number): Counts =>
  Object.fromEntries(INDEX.map(([outcome, index]) => [outcome, (values[index] || 0) * seconds])) as Counts;
