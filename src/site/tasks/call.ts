import { currentRequest } from '../../engine/current-request.ts';
import type { TaskPool } from '../../engine/site.ts';
import type * as tasks from './index.ts';

type Tasks = Omit<typeof tasks, 'labBurn'>;
export type TaskName = keyof Tasks;
/** The data folder is filled in by the caller below. */
export type TaskInput<Name extends TaskName> = Omit<Parameters<Tasks[Name]>[0], 'dataDir'>;
export type TaskOutput<Name extends TaskName> = Awaited<ReturnType<Tasks[Name]>>;

export type CallTask = <Name extends TaskName>(
  name: Name,
  input: TaskInput<Name>,
  options?: { signal?: AbortSignal; deadlineMs?: number },
) => Promise<TaskOutput<Name>>;

/**
 * The site's tasks with their types, run in the pool on the data of `dataDir`. A task of a request with an idempotency key
 * writes once. Throws what `TaskPool.run` throws.
 */
export const taskCaller =
  (pool: TaskPool, dataDir: string): CallTask =>
  (name, input, options) => {
    const key = currentRequest.getStore()?.siteKey;
    return pool.run(name, { ...input, dataDir, ...(key === undefined ? {} : { onceKey: `${key}.${name}` }) }, options);
  };
