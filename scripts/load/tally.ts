import { createHistogram } from 'node:perf_hooks';
import { type Latencies, LatencyCount } from './latencies.ts';

/** What became of a request. `late`: 200 after the deadline; `failed`: another status; `unsent`: over the cap. */
export const OUTCOMES = ['good', 'late', 'refused', 'failed', 'timedOut', 'reset', 'unsent'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Quantiles {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

/** One step of the time series, by intended send time. */
export interface Bucket {
  offered: number;
  good: number;
  /** Of the good ones: last good copies, served in need. */
  lastGood: number;
  refused: number;
  /** Another status, no answer, or too late. */
  failed: number;
  /** Latency of 200s, good or late. */
  accepted: Latencies;
}

/** `lastGood`: of the good ones, those that were last good copies. */
export type Counts = Record<Outcome, number> & { offered: number; lastGood: number };

export interface ClassReport extends Counts {
  /** Good per second of the measured time. */
  goodput: number;
  /** Latency of 200s, good or late. */
  accepted: Quantiles;
  /** Latency of 503s. */
  refusals: Quantiles;
  /** The same two as counts, which can be added up over classes. */
  latencies: { accepted: Latencies; refused: Latencies };
  /** Values of the watched headers: how often, and when first, ms since the start of the load. */
  watched: Record<string, { count: number; firstAtMs: number }>;
  series: Bucket[];
}

export interface Tally {
  offer: (atMs: number) => void;
  /** `lastGood`: the answer said that it is a last good copy. */
  settle: (outcome: Outcome, atMs: number, latencyMs: number, lastGood?: boolean) => void;
  watch: (value: string, nowMs: number) => void;
  report: (seconds: number) => ClassReport;
}

/** A bucket while it fills. */
interface Step {
  counts: Omit<Bucket, 'accepted'>;
  accepted: LatencyCount;
}

const MAX_WATCHED = 1_000;

/** Counts the requests of one class. Latencies are kept in a histogram (HDR, 3 digits), so memory does not grow. */
export function createTally(bucketMs: number): Tally {
  const counts: Counts = {
    offered: 0,
    good: 0,
    lastGood: 0,
    late: 0,
    refused: 0,
    failed: 0,
    timedOut: 0,
    reset: 0,
    unsent: 0,
  };
  const accepted = createHistogram();
  const refusals = createHistogram();
  const watched = new Map<string, { count: number; firstAtMs: number }>();
  const all = { accepted: new LatencyCount(), refused: new LatencyCount() };
  const series: Step[] = [];
  const stepAt = (atMs: number): Step => {
    const index = Math.floor(atMs / bucketMs);
    while (series.length <= index)
      series.push({
        counts: { offered: 0, good: 0, lastGood: 0, refused: 0, failed: 0 },
        accepted: new LatencyCount(),
      });
    return series[index]!;
  };
  const microseconds = (ms: number): number => Math.max(1, Math.round(ms * 1000));
  return {
    offer(atMs) {
      counts.offered += 1;
      stepAt(atMs).counts.offered += 1;
    },
    settle(outcome, atMs, latencyMs, lastGood = false) {
      const step = stepAt(atMs);
      counts[outcome] += 1;
      if (outcome === 'good' || outcome === 'late') {
        accepted.record(microseconds(latencyMs));
        all.accepted.add(latencyMs);
        step.accepted.add(latencyMs);
      }
      if (outcome === 'refused') {
        refusals.record(microseconds(latencyMs));
        all.refused.add(latencyMs);
      }
      step.counts[outcome === 'good' || outcome === 'refused' ? outcome : 'failed'] += 1;
      if (outcome === 'good' && lastGood) {
        counts.lastGood += 1;
        step.counts.lastGood += 1;
      }
    },
    watch(value, nowMs) {
      const seen = watched.get(value);
      if (seen !== undefined) seen.count += 1;
      else if (watched.size < MAX_WATCHED) watched.set(value, { count: 1, firstAtMs: nowMs });
    },
    report: (seconds) => ({
      ...counts,
      goodput: counts.good / seconds,
      accepted: quantiles(accepted),
      refusals: quantiles(refusals),
      latencies: { accepted: all.accepted.report(), refused: all.refused.report() },
      watched: Object.fromEntries(watched),
      series: series.map((step) => ({ ...step.counts, accepted: step.accepted.report() })),
    }),
  };
}

type Histogram = ReturnType<typeof createHistogram>;

/** Quantiles of a histogram of microseconds; all 0 when it is empty. */
export function quantiles(histogram: Histogram): Quantiles {
  if (histogram.count === 0) return { p50Ms: 0, p99Ms: 0, maxMs: 0 };
  return {
    p50Ms: histogram.percentile(50) / 1000,
    p99Ms: histogram.percentile(99) / 1000,
    maxMs: histogram.max / 1000,
  };
}
