import { parentPort, workerData } from 'node:worker_threads';
import { yieldCpu } from './cpu-priority.ts';
import { failureOf, type TaskFailure } from './failure.ts';
import { type StopFlags, stopSignal } from './stop-flags.ts';

/** What every thread is given at its start. */
export interface ThreadData {
  flags: StopFlags;
  /** URL of the task module by prefix; the site's has the empty prefix. */
  modules: Readonly<Record<string, string>>;
}

export interface TaskMessage {
  task: string;
  input: unknown;
  slot: number;
  ticket: number;
}

/** `ranMs`: time in the thread, without its start and the hand-over. */
export type TaskResult = { ranMs: number } & ({ output: unknown } | { failure: TaskFailure });

/** Told outside of a task: a promise that a task left behind was rejected. */
export interface StrayNews {
  stray: TaskFailure;
}

type TaskModule = Record<string, unknown>;

yieldCpu();
const { flags, modules } = workerData as ThreadData;
const loading = new Map(Object.entries(modules).map(([prefix, url]) => [prefix, import(url) as Promise<TaskModule>]));

// The promise belongs to a task that has ended: the one that runs now must not die of it.
process.on('unhandledRejection', (reason) => parentPort?.postMessage({ stray: failureOf(reason) } satisfies StrayNews));

// Waited for here, as an idle thread sleeps and would load them with the first task only. One that cannot be loaded
// fails the tasks that ask for it; the others must still run.
await Promise.allSettled(loading.values());

/** Runs one task in this thread. */
export default async function run({ task, input, slot, ticket }: TaskMessage): Promise<TaskResult> {
  const { signal, watch, end } = stopSignal(flags, slot, ticket);
  const startedAt = performance.now();
  const ranMs = (): number => performance.now() - startedAt;
  try {
    const work = await find(task);
    let output = work(input, { signal });
    if (output instanceof Promise) {
      watch();
      output = await output;
    }
    return { output, ranMs: ranMs() };
  } catch (error) {
    return { failure: failureOf(error), ranMs: ranMs() };
  } finally {
    end();
  }
}

async function find(task: string): Promise<(input: unknown, control: { signal: AbortSignal }) => unknown> {
  const colon = task.indexOf(':');
  const prefix = task.slice(0, colon + 1);
  const name = task.slice(colon + 1);
  const module = await loading.get(prefix);
  const work = module !== undefined && Object.hasOwn(module, name) ? module[name] : undefined;
  if (typeof work !== 'function') throw new TypeError(unknownTask(prefix, module));
  return work as never;
}

function unknownTask(prefix: string, module: TaskModule | undefined): string {
  if (module === undefined)
    return prefix === ''
      ? 'there is no such task: the site names no task module'
      : `there is no task module "${prefix}"`;
  const names = Object.keys(module).filter((name) => typeof module[name] === 'function');
  return `there is no such task in ${modules[prefix]}; it exports ${names.slice(0, 20).join(', ') || 'no function'}`;
}
