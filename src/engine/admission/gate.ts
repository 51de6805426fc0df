import type { Priority } from '../site.ts';

/** Why a request was not let in. */
export type Refusal = 'queue' | 'deadline' | 'concurrency' | 'codel' | 'expired';

export interface GateBounds {
  /** Most expected work queued at or above a priority before one more of it is refused, ms. */
  boundMs: Record<Priority, number>;
}

export interface GateQuestion {
  priority: Priority;
  /** Expected work queued at or above the request's priority, the running job's rest included, ms. */
  aheadMs: number;
  /** Expected time of the request itself, ms. */
  costMs: number;
  /** Time until its deadline, ms. */
  remainingMs: number;
  /**
   * Share of the bounds in force, 0..1: below 1 while a promoted worker starts slowly. The burst budget pays up to twice
   * the whole bound all the same: in quiet times nobody is refused for the sake of a slow start.
   */
  share: number;
  /** Work that may be admitted over the bound, as far above it and up to twice the bound, ms (see `burst.ts`). */
  burstMs?: number;
}

/**
 * Whether one more request may queue: undefined for yes, else why not. An empty queue always lets one in,
 * however dear it is: a bound below the cost of a single request must not close a route for ever.
 */
export function admit(bounds: GateBounds, question: GateQuestion): Refusal | undefined {
  if (question.aheadMs + question.costMs > question.remainingMs && question.aheadMs > 0) return 'deadline';
  const over = overBound(bounds, question);
  return over === 'no' || (over === 'burst' && question.priority !== 'background') ? undefined : 'queue';
}

/** Whether the queued work is over the bound: not, within the burst budget, or altogether. */
export function overBound(bounds: GateBounds, question: Omit<GateQuestion, 'remainingMs'>): 'no' | 'burst' | 'yes' {
  const boundMs = bounds.boundMs[question.priority];
  if (question.aheadMs <= boundMs * question.share) return 'no';
  // The more of the budget is used up, the less deep a queue it pays for: a surge has no plateau of late answers.
  const burstMs = question.burstMs ?? 0;
  return question.aheadMs <= boundMs + Math.min(boundMs, burstMs) && burstMs >= question.costMs ? 'burst' : 'yes';
}
