import type { SurgeReport } from '../../alerts/explain-surge.ts';
import type { TrafficReport } from '../../traffic/report.ts';
import type { TrafficHistory } from './traffic-history.ts';
import { MINUTE_MS } from './traffic-store.ts';

const minuteOf = (at: number): number => Math.floor(at / MINUTE_MS) * MINUTE_MS;

/**
 * What came in [fromMs, toMs), for the who and why of a surge; undefined: nothing is known of it. Traffic is kept by the minute: a
 * time that ends in the past ends with a whole minute, so that two times one after the other share none.
 */
export function surgeReportOf(
  traffic: Pick<TrafficHistory, 'report'>,
  fromMs: number,
  toMs: number,
  now: number,
): SurgeReport | undefined {
  const begin = minuteOf(fromMs);
  const end = toMs >= minuteOf(now) ? Math.min(toMs, now) : minuteOf(toMs);
  if (end <= begin) return undefined;
  const report = traffic.report({ fromMs: begin, toMs: end });
  return report.requests === 0 ? undefined : surgeShares(report, (end - begin) / 1_000);
}

/** The report as the explanation wants it. */
export function surgeShares(report: TrafficReport, seconds: number): SurgeReport {
  const shares = (list: readonly { name: string; requests: number }[]) =>
    list.map(({ name, requests }) => ({ name, count: requests }));
  return {
    seconds,
    requests: report.requests,
    sources: shares(report.sources),
    paths: shares([...report.paths.page, ...report.paths.api]),
    networks: shares(report.networks),
    bots: report.agents.reduce((sum, { name, requests }) => sum + (name === 'person' ? 0 : requests), 0),
  };
}
