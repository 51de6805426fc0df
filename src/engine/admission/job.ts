import { PRIORITIES, type Priority } from '../site.ts';
import type { Flight, MayStream, RouteWork } from './route-work.ts';

/** Work that waits for its turn. Times on the clock of `performance.now()`, ms. */
export interface Job {
  priority: Priority;
  /** Expected time that it takes of what it waits for, ms: as it was expected when it came. */
  costMs: number;
  /**
   * What is expected now of all jobs of its kind. Those that wait count as that: what a worker learns from its very first
   * jobs, which are compiled while they run, must not stand for the queue until it is empty.
   */
  kind?: { readonly costMs: number };
  queuedAt: number;
}

/** A piece of work for the site: a visitor's request, or a render for the page cache. */
export interface SiteJob extends Job, MayStream {
  /** When it must be done; Infinity: never. It may move while the job waits, with the work in hand. */
  readonly deadlineAt: number;
  /** Most work that might be ahead of it when it was let in, ms: set by the dispatcher. */
  boundMs: number;
  work: RouteWork;
  /**
   * Starts the site on it. Resolves when its answer is done, or was not done in time; or gives nothing, and tells the
   * dispatcher by `ended`: a promise for each tiny job costs as much as the job. Must not throw or reject.
   */
  run: (flight: Flight) => Promise<Outcome> | undefined;
  /** Called instead of `run`. */
  refuse: (why: Refusal) => void;
}

/** How a job ended: its answer is done, or was not done in time. */
export type Outcome = 'done' | 'dropped';

/**
 * Why a request was not let in: the work ahead of it is over the bound (`queue`), its deadline cannot be met
 * (`deadline`), its route has no place (`concurrency`), the pool's queue is too long (`pool`), too many streams are open
 * (`streams`); or why it was dropped at its turn: it stood too long (`codel`), it is past its deadline (`expired`).
 */
export type Refusal = 'queue' | 'deadline' | 'concurrency' | 'pool' | 'streams' | 'codel' | 'expired';

/** 0 is served first. */
export const rank = (priority: Priority): number => PRIORITIES.indexOf(priority);
