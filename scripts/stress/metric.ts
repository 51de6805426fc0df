import { countOf, type Latencies, meanMs, percentileMs } from '../load/latencies.ts';

/** What a run measured, by the kinds of k6. Times are in ms. */
export type Metric =
  | { kind: 'rate'; passed: number; total: number }
  | { kind: 'trend'; latencies: Latencies }
  | { kind: 'counter'; count: number; seconds: number }
  | { kind: 'gauge'; min: number; max: number; last: number };

/** By name; a part of a metric is named with its tag: `good_rate{route:home}`. */
export type Metrics = Record<string, Metric>;

export const AGGREGATIONS = ['rate', 'count', 'value', 'min', 'avg', 'med', 'max', 'p'] as const;

/** `p` has its percentile, 0 to 100. */
export type Aggregation = { of: Exclude<(typeof AGGREGATIONS)[number], 'p'> } | { of: 'p'; percentile: number };

/** One number of a metric; undefined: nothing was measured, or its kind has no such number. */
export function aggregate(metric: Metric, by: Aggregation): number | undefined {
  switch (metric.kind) {
    case 'rate':
      return by.of === 'rate' && metric.total > 0 ? metric.passed / metric.total : undefined;
    case 'counter':
      if (by.of === 'count') return metric.count;
      return by.of === 'rate' && metric.seconds > 0 ? metric.count / metric.seconds : undefined;
    case 'gauge':
      return ofGauge(metric, by);
    case 'trend':
      return ofTrend(metric.latencies, by);
  }
}

function ofGauge(gauge: Extract<Metric, { kind: 'gauge' }>, by: Aggregation): number | undefined {
  if (by.of === 'value') return gauge.last;
  return by.of === 'min' || by.of === 'max' ? gauge[by.of] : undefined;
}

function ofTrend(latencies: Latencies, by: Aggregation): number | undefined {
  switch (by.of) {
    case 'count':
      return countOf(latencies);
    case 'min':
      return percentileMs(latencies, 0);
    case 'med':
      return percentileMs(latencies, 50);
    case 'max':
      return percentileMs(latencies, 100);
    case 'avg':
      return meanMs(latencies);
    case 'p':
      return percentileMs(latencies, by.percentile);
    default:
      return undefined;
  }
}

/** A gauge of these values; undefined for none. */
export const gaugeOf = (values: readonly number[]): Metric | undefined =>
  values.length === 0
    ? undefined
    : { kind: 'gauge', min: Math.min(...values), max: Math.max(...values), last: values.at(-1)! };
