import { PoolFullError, TaskDeadlineError } from '../../engine/pool/errors.ts';
import { type Problem, unavailable } from './problem.ts';

/** When to come back after the thread pool had no room, s: it works off its queue in less. */
const RETRY_AFTER_S = 2;

/** Whether the thread pool refused the task, or it got no lock of the database: nothing of it was done. */
export const isRefused = (error: unknown): boolean =>
  error instanceof PoolFullError ||
  (error as { cause?: { code?: unknown } } | undefined)?.cause?.code === 'DATABASE_BUSY';

/** Whether there is too much to do: the task was refused, or not done in time. */
export const isBusy = (error: unknown): boolean => isRefused(error) || error instanceof TaskDeadlineError;

/** The 503 for it. */
export const busyProblem = (cause: unknown): Problem =>
  unavailable(
    'BUSY',
    'The server has more to do than it can do at once. Please try again in a moment.',
    RETRY_AFTER_S,
    cause,
  );
