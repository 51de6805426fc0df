import { AGGREGATIONS, type Aggregation } from '../metric.ts';

export const OPERATORS = ['<=', '>=', '===', '==', '!=', '<', '>'] as const;
export type Operator = (typeof OPERATORS)[number];

/** What a metric must be. */
export interface Threshold {
  /** As it was written. */
  text: string;
  /** Name of the metric, with its tag where it has one: `good_rate{route:home}`. */
  metric: string;
  aggregation: Aggregation;
  operator: Operator;
  /** A time in ms; `99%` is 0.99. */
  bound: number;
}

/** A threshold that cannot be read; the message says what is wrong with it. */
export class ThresholdError extends Error {
  readonly code = 'THRESHOLD';
  override readonly name = 'ThresholdError';
}

const UNITS: Record<string, number> = { '': 1, us: 0.001, ms: 1, s: 1_000, m: 60_000, '%': 0.01 };

const METRIC = /^[A-Za-z_][\w.]*(?:\{[^{}]+\})?$/;
const EXPRESSION =
  /^([a-z]+)\s*(?:\(\s*(\d+(?:\.\d+)?)\s*\))?\s*(<=|>=|===|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)\s*(us|ms|s|m|%)?$/;

/**
 * Reads `metric: aggregation operator value`, the grammar of k6's thresholds: `good_rate: rate>=0.99`,
 * `latency.good: p(99)<250`, `recovery: max<2s`, `good_rate{route:home}: rate>=99%`.
 * @throws {ThresholdError}
 */
export function parseThreshold(text: string): Threshold {
  const wrong = (reason: string): ThresholdError => new ThresholdError(`threshold ${JSON.stringify(text)}: ${reason}`);
  // A tag has a colon, too: the last one outside of braces parts the two.
  const parts = /^([^{}:]+(?:\{[^{}]*\})?)\s*:\s*([^{}]+)$/.exec(text.trim());
  if (parts === null) throw wrong('must be "metric: expression", such as "good_rate: rate>=0.99"');
  const metric = parts[1]!.trim();
  if (!METRIC.test(metric)) throw wrong(`${JSON.stringify(metric)} is no name of a metric`);
  const found = EXPRESSION.exec(parts[2]!.trim());
  if (found === null) throw wrong(`${JSON.stringify(parts[2])} is not like rate>=0.99, p(99)<250 or max<2s`);
  const [, of = '', percentile, operator = '', value = '', unit = ''] = found;
  return {
    text: text.trim(),
    metric,
    aggregation: aggregationOf(of, percentile, wrong),
    operator: operator as Operator,
    bound: Number(value) * UNITS[unit]!,
  };
}

function aggregationOf(of: string, percentile: string | undefined, wrong: (reason: string) => Error): Aggregation {
  const known = AGGREGATIONS.find((name) => name === of);
  if (known === undefined) throw wrong(`${of} is none of ${AGGREGATIONS.join(', ').replace(/p$/, 'p(N)')}`);
  if (known !== 'p') {
    if (percentile !== undefined) throw wrong(`${of} takes no number in parentheses`);
    return { of: known };
  }
  const asked = Number(percentile ?? Number.NaN);
  if (!(asked >= 0 && asked <= 100)) throw wrong('p needs a percentile from 0 to 100, such as p(99)');
  return { of: 'p', percentile: asked };
}

/** A threshold in words that `parseThreshold` reads as the same. */
export function thresholdText({ metric, aggregation, operator, bound }: Omit<Threshold, 'text'>): string {
  const by = aggregation.of === 'p' ? `p(${aggregation.percentile})` : aggregation.of;
  return `${metric}: ${by}${operator}${bound}`;
}
