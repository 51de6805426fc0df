import type { PlannedEvent } from '../events/event.ts';
import { eventPlan } from '../events/plan.ts';
import { MAX_ASKED } from '../monitor-messages.ts';
import type { TrafficReport } from '../traffic/report.ts';

/** So long before the server makes itself ready for an event it is looked what people ask for, ms; and how often. */
const BEFORE_MS = 120_000;
const EVERY_MS = 60_000;
/** What people asked for in this time counts, ms. */
const RANGE_MS = 3_600_000;

export interface AskedPagesParts {
  events: () => readonly PlannedEvent[];
  report: (range: { fromMs: number; toMs: number }) => Pick<TrafficReport, 'paths'> | undefined;
  send: (paths: string[]) => void;
}

/** Before an event: the pages that people ask for most, from the counts of the traffic. To be called with each sample. */
export function createAskedPages({ events, report, send }: AskedPagesParts): (now: number) => void {
  let lookedAt = Number.NEGATIVE_INFINITY;
  return (now) => {
    if (now - lookedAt < EVERY_MS && now >= lookedAt) return;
    lookedAt = now;
    if (!eventPlan(events(), now + BEFORE_MS).floor) return;
    const pages = report({ fromMs: now - RANGE_MS, toMs: now })?.paths.page ?? [];
    const paths = pages.map(({ name }) => name).filter((name) => name.startsWith('/') && name.length <= 2_048);
    if (paths.length > 0) send(paths.slice(0, MAX_ASKED));
  };
}
