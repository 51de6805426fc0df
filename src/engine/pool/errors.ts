/** The pool's queue is full: refuse or degrade, and try later. */
export class PoolFullError extends Error {
  readonly code = 'POOL_FULL';
  override readonly name = 'PoolFullError';
  constructor(task: string, queue: number) {
    super(`no room for task "${task}": ${queue} tasks wait for a thread (TAHAN_POOL_QUEUE)`);
  }
}

/** The task was not done in time, or nobody waits for it any more. */
export class TaskDeadlineError extends Error {
  readonly code = 'TASK_DEADLINE';
  override readonly name = 'TaskDeadlineError';
  constructor(task: string, deadlineMs: number) {
    super(`task "${task}" was not done within ${Math.round(deadlineMs)} ms`);
  }
}

/** The task threw, or its thread died; `cause` has the error, `taskErrorName` the name of what was thrown in the thread. */
export class TaskError extends Error {
  readonly code = 'TASK_FAILED';
  override readonly name = 'TaskError';
  constructor(task: string, cause: unknown) {
    super(`task "${task}" failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
