import type { Aggregation } from '../metric.ts';
import type { Judged } from '../thresholds/evaluate.ts';
import { type Operator, parseThreshold } from '../thresholds/parse.ts';

type Unit = 'share' | 'ms' | 'yes' | 'count';

/** What each metric is, for a reader who does not know the grammar. */
const METRICS: Record<string, [words: string, unit: Unit]> = {
  good_rate: ['good answers', 'share'],
  last_good_rate: ['answers from an older copy', 'share'],
  refused_rate: ['told “not now”', 'share'],
  failed_rate: ['errors', 'share'],
  lost_rate: ['without any answer', 'share'],
  refused_in_time: ['of those told “not now”, within a second', 'share'],
  goodput: ['useful work in the peak, of what it can do', 'share'],
  visits_content: ['visits in which all went well', 'share'],
  checks: ['pages that say what they should', 'share'],
  alive: ['the main page answers afterwards', 'yes'],
  lifeboat: ['the lifeboat serves', 'yes'],
  recovery: ['well again after', 'ms'],
  gap: ['longest time without a good answer', 'ms'],
  'latency.good': ['time to the page', 'ms'],
  'latency.refused': ['time to “not now”', 'ms'],
  lag: ['lag of the event loop', 'ms'],
  queue_delay: ['wait in the queue', 'ms'],
  workers: ['workers that serve', 'count'],
  worker_mb: ['memory of a worker, MiB', 'count'],
  renders: ['times that the page was made', 'count'],
  scaler_decisions: ['decisions of the scaler', 'count'],
};

const BOUNDS: Record<Operator, string> = {
  '<': 'under',
  '<=': 'at most',
  '>': 'over',
  '>=': 'at least',
  '==': 'exactly',
  '===': 'exactly',
  '!=': 'not',
};

/** What must hold, in words, and what was measured, with its unit. A metric without words stands for itself. */
export function inWords({ text, measured, missing }: Judged): { words: string; measured: string } {
  const { metric, aggregation, operator, bound } = parseThreshold(text);
  const [, name = metric, tag] = /^([^{]+)(?:\{[^:]+:(.+)\})?$/.exec(metric) ?? [];
  const [words, unit] = METRICS[name] ?? [name, 'count' as const];
  const subject = `${tag === undefined ? '' : `${tag}: `}${words}`;
  return {
    words: unit === 'yes' ? subject : `${subject}, ${ofAll(aggregation)}${BOUNDS[operator]} ${shownAs(bound, unit)}`,
    measured: measured === null ? (missing ?? '') : shownAs(measured, unit),
  };
}

function ofAll({ of, ...more }: Aggregation): string {
  if (of === 'med') return 'half of them ';
  return 'percentile' in more ? `${more.percentile} of 100 ` : '';
}

function shownAs(value: number, unit: Unit): string {
  if (unit === 'share') return `${Number((100 * value).toPrecision(3))} %`;
  if (unit === 'yes') return value > 0 ? 'yes' : 'no';
  if (unit === 'ms')
    return value >= 1_000 ? `${Number((value / 1_000).toPrecision(3))} s` : `${Number(value.toPrecision(3))} ms`;
  return String(Number(value.toPrecision(4)));
}
