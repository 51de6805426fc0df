import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { TaskPool } from '../site.ts';
import { PoolFullError, TaskDeadlineError, TaskError } from './errors.ts';
import { errorOf } from './failure.ts';
import type { StrayNews, TaskMessage, TaskResult, ThreadData } from './runner.ts';
import { askToStop, createStopFlags } from './stop-flags.ts';

/** How a task ended: `deadline` also when its caller left, `full` when it found no room. */
export type TaskOutcome = 'completed' | 'failed' | 'deadline' | 'full';

export interface TaskNews {
  task: string;
  outcome: TaskOutcome;
  /** Time until a thread took it, or until it was given up, ms. */
  waitMs: number;
  /** Time in the thread until its caller was answered, ms; 0 when it never ran. */
  runMs: number;
}

export interface PoolOptions {
  /** The site's task module; undefined: it has none. */
  tasks: URL | undefined;
  /** Task modules of the engine: the functions of `{ tahan: url }` are called as `tahan:name`. */
  engineTasks?: Readonly<Record<string, URL>>;
  threads: number;
  /** Tasks that may wait for a thread. */
  maxQueue: number;
  defaultDeadlineMs: number;
  /** Heap of one thread, MiB. */
  memoryMb: number;
  /** A task that heeds its signal may end by itself within this time; then its thread is ended. Default 100 ms. */
  graceMs?: number;
  /** Called once for every task, when its caller is answered. */
  onTask: (news: TaskNews) => void;
  /** Errors that belong to no task: a thread that died idle, a promise that a task left behind. */
  onStray: (error: Error) => void;
}

export interface PoolStats {
  queued: number;
  running: number;
  /** Since the start. */
  completed: number;
  /** Since the start: thrown, died, too late; not those that found no room. */
  failed: number;
}

export interface Pool extends TaskPool {
  stats: () => PoolStats;
  /** Fails what waits and runs, and ends the threads. */
  close: () => Promise<void>;
}

const GRACE_MS = 100;
/** The most that a timer and an Int32 can hold. */
const MAX_INT32 = 2 ** 31 - 1;

interface Running {
  startedAt: number;
  slot: number;
  ticket: number;
  /** Ends the thread. */
  thread: AbortController;
  grace: NodeJS.Timeout | undefined;
}

interface Job {
  task: string;
  input: unknown;
  queuedAt: number;
  /** Undefined while it waits. */
  running: Running | undefined;
  /** Answers the caller; only the first call counts. */
  settle: (outcome: 'completed' | 'failed' | 'deadline', answer: { output: unknown } | { error: Error }) => void;
}

/**
 * The thread pool of one process. A task that throws, hangs or crashes its thread fails alone.
 *
 * piscina keeps the threads; the queue is ours: piscina 5.3 does not count tasks with a signal against its `maxQueue`,
 * and puts one that finds no thread back at the end of the queue. So it is only given as many as it has threads.
 */
export function createPool(options: PoolOptions): Pool {
  const { threads, maxQueue, defaultDeadlineMs, graceMs = GRACE_MS, onTask } = options;
  const flags = createStopFlags(threads);
  const piscina = startThreads(options, { flags, modules: modulesOf(options) });
  // A Set is a queue that a job can leave from the middle at once.
  const waiting = new Set<Job>();
  const freeSlots = Array.from({ length: threads }, (_, slot) => slot);
  let tickets = 0;
  let completed = 0;
  let failed = 0;
  let closed = false;

  const start = (job: Job, slot: number): void => {
    tickets = (tickets % MAX_INT32) + 1;
    const running: Running = {
      startedAt: performance.now(),
      slot,
      ticket: tickets,
      thread: new AbortController(),
      grace: undefined,
    };
    job.running = running;
    const message: TaskMessage = { task: job.task, input: job.input, slot, ticket: running.ticket };
    const ended = (): void => {
      clearTimeout(running.grace);
      freeSlots.push(slot);
      startNext();
    };
    piscina.run(message, { signal: running.thread.signal }).then(
      (result: TaskResult) => {
        ended();
        if ('output' in result) job.settle('completed', result);
        else job.settle('failed', { error: new TaskError(job.task, errorOf(result.failure)) });
      },
      (error: Error) => {
        ended();
        job.settle('failed', { error: new TaskError(job.task, error) });
      },
    );
  };

  const startNext = (): void => {
    for (const job of waiting) {
      const slot = freeSlots.pop();
      if (slot === undefined) return;
      waiting.delete(job);
      start(job, slot);
    }
  };

  const giveUp = (job: Job, cause?: unknown): void => {
    job.settle('deadline', { error: new TaskDeadlineError(job.task, performance.now() - job.queuedAt, cause) });
    if (waiting.delete(job) || job.running === undefined) return;
    const { slot, ticket, thread } = job.running;
    askToStop(flags, slot, ticket);
    job.running.grace = setTimeout(() => thread.abort(), graceMs);
  };

  const run = (
    task: string,
    input: unknown,
    { signal, deadlineMs = defaultDeadlineMs }: { signal?: AbortSignal; deadlineMs?: number } = {},
  ): Promise<unknown> => {
    if (closed) return Promise.reject(new TaskError(task, new Error('the pool is closed')));
    if (signal?.aborted) {
      onTask({ task, outcome: 'deadline', waitMs: 0, runMs: 0 });
      failed += 1;
      return Promise.reject(new TaskDeadlineError(task, 0, signal.reason));
    }
    if (freeSlots.length === 0 && waiting.size >= maxQueue) {
      onTask({ task, outcome: 'full', waitMs: 0, runMs: 0 });
      return Promise.reject(new PoolFullError(task, waiting.size));
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    let settled = false;
    const job: Job = {
      task,
      input,
      queuedAt: performance.now(),
      running: undefined,
      settle(outcome, answer) {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
        if (outcome === 'completed') completed += 1;
        else failed += 1;
        const now = performance.now();
        const startedAt = job.running?.startedAt ?? now;
        onTask({ task, outcome, waitMs: startedAt - job.queuedAt, runMs: now - startedAt });
        if ('error' in answer) reject(answer.error);
        else resolve(answer.output);
      },
    };
    const leave = (): void => giveUp(job, signal?.reason);
    const timer = setTimeout(() => giveUp(job), Math.min(deadlineMs, MAX_INT32));
    signal?.addEventListener('abort', leave, { once: true });
    waiting.add(job);
    startNext();
    return promise;
  };

  return {
    run: run as TaskPool['run'],
    stats: () => ({ queued: waiting.size, running: threads - freeSlots.length, completed, failed }),
    async close() {
      closed = true;
      for (const job of waiting)
        job.settle('failed', { error: new TaskError(job.task, new Error('the pool is closed')) });
      waiting.clear();
      await piscina.destroy();
    },
  };
}

function modulesOf({ tasks, engineTasks = {} }: PoolOptions): Record<string, string> {
  const modules: Record<string, string> = {};
  for (const [name, url] of Object.entries(engineTasks)) modules[`${name}:`] = url.href;
  if (tasks !== undefined) modules[''] = tasks.href;
  return modules;
}

function startThreads({ threads, memoryMb, onStray }: PoolOptions, data: ThreadData): Piscina {
  const piscina = new Piscina({
    filename: fileURLToPath(new URL('./runner.ts', import.meta.url)),
    workerData: data,
    // All at once and for good: a thread takes 50 ms to start, just when the work comes.
    minThreads: threads,
    maxThreads: threads,
    // Idle threads sleep in Atomics.wait at no cost; a hand-over takes 55 µs instead of 73 µs by messages alone (measured).
    atomics: 'sync',
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    recordTiming: false,
  });
  piscina.on('error', onStray);
  piscina.on('message', (news: StrayNews) => onStray(errorOf(news.stray)));
  return piscina;
}
