import { aggregate, type Metrics } from '../metric.ts';
import type { Operator, Threshold } from './parse.ts';

/** What became of a threshold. */
export interface Judged {
  text: string;
  /** null: the run has no such number. */
  measured: number | null;
  passed: boolean;
  /** Why there is no number. */
  missing?: string;
}

const HOLDS: Record<Operator, (measured: number, bound: number) => boolean> = {
  '<': (measured, bound) => measured < bound,
  '<=': (measured, bound) => measured <= bound,
  '>': (measured, bound) => measured > bound,
  '>=': (measured, bound) => measured >= bound,
  '==': (measured, bound) => measured === bound,
  '===': (measured, bound) => measured === bound,
  '!=': (measured, bound) => measured !== bound,
};

/** Whether a threshold holds. A metric that is missing, or has no such number, fails: what was not measured was not shown. */
export function judge({ text, metric, aggregation, operator, bound }: Threshold, metrics: Metrics): Judged {
  const found = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  if (found === undefined) return { text, measured: null, passed: false, missing: 'this was not measured' };
  const measured = aggregate(found, aggregation);
  if (measured === undefined || Number.isNaN(measured))
    return { text, measured: null, passed: false, missing: `a ${found.kind} without such a number` };
  // JSON has no infinity: what never came is no number there either.
  const passed = HOLDS[operator](measured, bound);
  return Number.isFinite(measured) ? { text, measured, passed } : { text, measured: null, passed, missing: 'never' };
}
