import { countOf, countWithin, together } from '../load/latencies.ts';
import type { Bucket, ClassReport } from '../load/tally.ts';
import type { FleetEvent, FleetSample } from './fleet-watch.ts';
import { gaugeOf, type Metric, type Metrics } from './metric.ts';
import { longestGapMs, recoveryMs } from './recovery.ts';

/** What a run of a scenario gave. Times: ms since the first request. */
export interface Measured {
  /** By route, or by step of the journeys. */
  classes: Record<string, ClassReport>;
  kind: 'route' | 'step';
  bucketMs: number;
  /** Within it a page is good, and a refusal in time, ms. */
  goodMs: number;
  /** Part of each route in the capacity, requests per second; for goodput. */
  capacityOf: Record<string, number>;
  peak: { fromMs: number; toMs: number } | undefined;
  /** From when on it should be well again: the end of the fault or of the peak. */
  wellFromMs: number | undefined;
  samples: FleetSample[];
  events: FleetEvent[];
  checks: Record<string, { passed: number; total: number }>;
  /** Visitors whose every step succeeded, of all. */
  visits?: { content: number; all: number };
  /** Pages that were made for one key; of scenarios with one. */
  renders?: number;
  alive: boolean;
}

const rate = (passed: number, total: number): Metric => ({ kind: 'rate', passed, total });

/** The metrics that thresholds may name. */
export function metricsOf(measured: Measured): Metrics {
  const { classes, kind, bucketMs, goodMs, samples, events, checks, visits, renders, alive } = measured;
  const all = Object.values(classes);
  const refused = together(all.map(({ latencies }) => latencies.refused));
  const metrics: Metrics = {
    ...ofClasses(all, ''),
    refused_in_time: rate(countWithin(refused, goodMs), countOf(refused)),
    alive: rate(alive ? 1 : 0, 1),
  };
  for (const [name, report] of Object.entries(classes)) {
    const tag = `{${kind}:${name}}`;
    Object.assign(metrics, ofClasses([report], tag));
    put(metrics, `gap${tag}`, gaugeOf([longestGapMs(report.series, bucketMs)]));
    put(metrics, `goodput${tag}`, goodput(report, name, measured));
  }
  const series = seriesOf(all);
  put(metrics, 'gap', gaugeOf([longestGapMs(series, bucketMs)]));
  if (measured.wellFromMs !== undefined) {
    const took = recoveryMs(series, bucketMs, measured.wellFromMs);
    put(metrics, 'recovery', took === undefined ? undefined : gaugeOf([took]));
  }
  put(metrics, 'workers', gaugeOf(samples.map(({ workers }) => workers)));
  put(metrics, 'lag', gaugeOf(samples.map(({ lagP99Ms }) => lagP99Ms)));
  put(metrics, 'queue_delay', gaugeOf(samples.map(({ queueDelayMs }) => queueDelayMs)));
  put(metrics, 'lifeboat', gaugeOf(samples.map(({ lifeboat }) => (lifeboat ? 1 : 0))));
  put(metrics, 'worker_mb', gaugeOf(samples.map(({ rssMb }) => rssMb)));
  if (samples.length > 0) {
    const count = events.filter((event) => event.kind === 'scaler').length;
    metrics.scaler_decisions = { kind: 'counter', count, seconds: samples.at(-1)!.atMs / 1000 };
  }
  for (const [name, { passed, total }] of Object.entries(checks))
    metrics[`checks{check:${name}}`] = rate(passed, total);
  const everyCheck = Object.values(checks);
  if (everyCheck.length > 0)
    metrics.checks = rate(
      everyCheck.reduce((sum, { passed }) => sum + passed, 0),
      everyCheck.reduce((sum, { total }) => sum + total, 0),
    );
  if (visits !== undefined) metrics.visits_content = rate(visits.content, visits.all);
  if (renders !== undefined) metrics.renders = { kind: 'counter', count: renders, seconds: 1 };
  return metrics;
}

function put(metrics: Metrics, name: string, metric: Metric | undefined): void {
  if (metric !== undefined) metrics[name] = metric;
}

function ofClasses(reports: readonly ClassReport[], tag: string): Metrics {
  const sum = (of: (report: ClassReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const offered = sum((report) => report.offered);
  return {
    [`good_rate${tag}`]: rate(
      sum(({ good }) => good),
      offered,
    ),
    [`last_good_rate${tag}`]: rate(
      sum(({ lastGood }) => lastGood),
      offered,
    ),
    [`refused_rate${tag}`]: rate(
      sum(({ refused }) => refused),
      offered,
    ),
    [`failed_rate${tag}`]: rate(
      sum(({ failed }) => failed),
      offered,
    ),
    [`lost_rate${tag}`]: rate(
      sum(({ timedOut, reset, unsent }) => timedOut + reset + unsent),
      offered,
    ),
    [`latency.good${tag}`]: { kind: 'trend', latencies: together(reports.map(({ latencies }) => latencies.accepted)) },
    [`latency.refused${tag}`]: {
      kind: 'trend',
      latencies: together(reports.map(({ latencies }) => latencies.refused)),
    },
  };
}

/** Good requests of a route in the peak, as a part of what the server can do of it, or of what was asked where that is less. */
function goodput(report: ClassReport, name: string, { peak, bucketMs, capacityOf }: Measured): Metric | undefined {
  const perSecond = capacityOf[name];
  if (peak === undefined || perSecond === undefined) return undefined;
  const within = report.series.slice(Math.ceil(peak.fromMs / bucketMs), Math.floor(peak.toMs / bucketMs));
  const offered = within.reduce((sum, step) => sum + step.offered, 0);
  const good = within.reduce((sum, step) => sum + step.good, 0);
  const possible = Math.min(offered, (perSecond * within.length * bucketMs) / 1000);
  return possible === 0 ? undefined : gaugeOf([good / possible]);
}

/** The time series of all classes together. */
export function seriesOf(reports: readonly ClassReport[]): Bucket[] {
  const length = Math.max(0, ...reports.map(({ series }) => series.length));
  return Array.from({ length }, (_, index) => {
    const steps = reports.flatMap(({ series }) => series[index] ?? []);
    const sum = (of: (step: Bucket) => number): number => steps.reduce((total, step) => total + of(step), 0);
    return {
      offered: sum(({ offered }) => offered),
      good: sum(({ good }) => good),
      lastGood: sum(({ lastGood }) => lastGood),
      refused: sum(({ refused }) => refused),
      failed: sum(({ failed }) => failed),
      accepted: together(steps.map(({ accepted }) => accepted)),
    };
  });
}
