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

/** The site's tasks with their types, run in the pool on the data of `dataDir`. Throws what `TaskPool.run` throws. */
export const taskCaller =
  (pool: TaskPool, dataDir: string): CallTask =>
  (name, input, options) =>
    pool.run(name, { ...input, dataDir }, options);
