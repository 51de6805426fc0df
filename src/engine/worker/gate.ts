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
  /** Share of the bounds in force, 0..1: below 1 while a promoted worker starts slowly. */
  share: number;
}

/**
 * Whether one more request may queue: undefined for yes, else why not. An empty queue always lets one in,
 * however dear it is: a bound below the cost of a single request must not close a route for ever.
 */
export function admit(bounds: GateBounds, question: GateQuestion): Refusal | undefined {
  if (question.aheadMs + question.costMs > question.remainingMs && question.aheadMs > 0) return 'deadline';
  if (question.aheadMs > bounds.boundMs[question.priority] * question.share) return 'queue';
  return undefined;
}
