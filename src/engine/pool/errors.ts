/** The pool's queue is full: refuse or degrade, and try later. */
export class PoolFullError extends Error {
  readonly code = 'POOL_FULL';
  override readonly name = 'PoolFullError';
  /** `queue`: tasks that wait. `waitMs`: the wait that was too long; undefined: there was no place to wait. */
  constructor(task: string, queue: number, waitMs?: number) {
    super(
      waitMs === undefined
        ? `no room for task "${task}": ${queue} tasks wait for a thread (TAHAN_POOL_QUEUE)`
        : `no room for task "${task}": a wait of ${Math.round(waitMs)} ms for a thread is too long (${queue} tasks wait)`,
    );
  }
}

/** The task was not done in time, or nobody waits for it any more; `cause` is why the caller left. */
export class TaskDeadlineError extends Error {
  readonly code = 'TASK_DEADLINE';
  override readonly name = 'TaskDeadlineError';
  constructor(task: string, afterMs: number, cause?: unknown) {
    super(
      cause === undefined
        ? `task "${task}" was not done within ${Math.round(afterMs)} ms`
        : `task "${task}" was given up by its caller after ${Math.round(afterMs)} ms`,
      { cause },
    );
  }
}

/** The task threw, or its thread died; `cause` has the error, `taskErrorName` the name of what was thrown in the thread. */
export class TaskError extends Error {
  readonly code = 'TASK_FAILED';
  override readonly name = 'TaskError';
  readonly taskErrorName: string;
  constructor(task: string, cause: Error) {
    super(`task "${task}" failed: ${cause.message}`, { cause });
    this.taskErrorName = cause.name;
  }
}
