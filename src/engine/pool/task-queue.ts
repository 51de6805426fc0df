import type { Priority } from '../site.ts';

/** A task that somebody waits for. Times on the clock of `performance.now()`, ms. */
export interface QueuedTask {
  readonly task: string;
  readonly priority: Priority;
  readonly queuedAt: number;
  /** When its caller no longer wants it. */
  readonly deadlineAt: number;
}

/** A task that found no room: the one that came, or a less important one that made room for it. */
export interface RefusedTask<T> {
  task: T;
  /** `places`: as many tasks wait as may wait; `wait`: it would wait too long. */
  why: 'places' | 'wait';
  /** Expected wait of the task that came, ms. */
  waitMs: number;
}

/** A task whose turn it is. */
export interface TakenTask<T> {
  task: T;
  /** `start`: a thread is free for it; `refuse`: it waited too long; `expired`: past its deadline. */
  turn: 'start' | 'refuse' | 'expired';
}

/**
 * Decides which tasks may wait, and which starts when; holds no thread, timer or promise. The pool carries it out.
 * The clock is given: `now` is that of `performance.now()`, ms.
 */
export interface TaskQueue<T extends QueuedTask> {
  /** Tasks that may run at once. */
  readonly threads: number;
  /** Tasks that wait. */
  readonly length: number;
  /** Lets the task wait; it may be its turn at once, so `take` is to be called. Gives the task that found no room. */
  push: (task: T, now: number) => RefusedTask<T> | undefined;
  /** Takes a task that waits out of the queue; false when it does not wait. */
  remove: (task: T) => boolean;
  /** The task whose turn it is now; undefined: none, or no thread is free for those that wait. */
  take: (now: number) => TakenTask<T> | undefined;
  /**
   * A task that was started has left its thread, after `ranMs` there. `cutShort`: it was stopped or its thread died, so
   * its whole run may take longer.
   */
  ended: (task: T, ranMs: number, cutShort: boolean, now: number) => void;
  /** How long a task of this name would wait for its start if it came now, ms. Cheap: it is asked for each request. */
  expectedWaitMs: (name: string, priority: Priority, now: number) => number;
  /** Whether a task of this name would be refused now for its wait, with so much time until its deadline, ms. */
  refuses: (name: string, priority: Priority, remainingMs: number, now: number) => boolean;
  /** A task of this name was not even asked for, as it would have been refused: it counts as offered load. */
  turnedAway: (name: string, now: number) => void;
  /** Mean time in the thread of recent runs, ms; undefined before the first one has ended. */
  runMs: (name: string) => number | undefined;
  /** Expected run time of all tasks that came lately, refused or not, over the time of the threads. */
  loadRatio: (now: number) => number;
  /** When the task that waits longest came; undefined: none waits. */
  oldestQueuedAt: () => number | undefined;
  [Symbol.iterator]: () => Iterator<T>;
}
