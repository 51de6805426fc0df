import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { budgetOfProcess } from '../features/retry-budget.ts';
import { moduleNear } from '../module-near.ts';
import type { Priority } from '../site.ts';
import { PoolFullError, TaskDeadlineError, TaskError } from './errors.ts';
import { errorOf } from './failure.ts';
import type { StrayNews, TaskMessage, TaskResult, ThreadData } from './runner.ts';
import { askToStop, createStopFlags } from './stop-flags.ts';
import type { QueuedTask, TaskQueue } from './task-queue.ts';

/** How a task ended: `deadline` also when its caller left, `full` when it found no room or waited too long for it. */
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
  /** Which task starts when, and how many threads there are. */
  queue: TaskQueue<PoolTask>;
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
  /** Time that the oldest waiting task has waited, ms. */
  queueDelayMs: number;
  /** Expected run time of all tasks that came lately, refused or not, over the time of the threads. */
  loadRatio: number;
  /** Since the start. */
  completed: number;
  /** Since the start: thrown, died, too late; not those that found no room. */
  failed: number;
}

export interface TaskOptions {
  signal?: AbortSignal;
  deadlineMs?: number;
  /** Default: normal. */
  priority?: Priority;
}

/** The site's `TaskPool`, and what the engine asks of it. */
export interface Pool {
  run: <Output>(task: string, input: unknown, options?: TaskOptions) => Promise<Output>;
  /** Starts the threads, if no task has yet. */
  warm: () => void;
  /** How long a task of this name would wait for its start if it came now, ms. Cheap: it is asked for each request. */
  expectedWaitMs: (task: string, priority: Priority) => number;
  /** Whether a task of this name would be refused now for its wait, had it the default deadline. */
  refuses: (task: string, priority: Priority) => boolean;
  /** A request was refused that would have run this task: the task counts as offered load. */
  turnedAway: (task: string) => void;
  /** Mean time in the thread of recent runs, ms; undefined before the first one has ended. */
  runMs: (task: string) => number | undefined;
  /** As in `PoolStats`. */
  readonly loadRatio: number;
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

/** A task on its way through the pool. */
export interface PoolTask extends QueuedTask {
  readonly input: unknown;
  /** Undefined while it waits. */
  running: Running | undefined;
  /** Its caller was answered. */
  settled: boolean;
  /** Answers the caller; only the first call counts. */
  settle: (outcome: TaskOutcome, answer: { output: unknown } | { error: Error }) => void;
}

/**
 * The thread pool of one process. A task that throws, hangs or crashes its thread fails alone.
 *
 * piscina keeps the threads; the queue is ours: piscina 5.3 does not count tasks with a signal against its `maxQueue`,
 * and puts one that finds no thread back at the end of the queue. So it is only given as many as it has threads.
 */
export function createPool(options: PoolOptions): Pool {
  const { queue, defaultDeadlineMs, graceMs = GRACE_MS, onTask } = options;
  const { threads } = queue;
  const flags = createStopFlags(threads);
  let piscina: Piscina | undefined;
  const pool = (): Piscina => (piscina ??= startThreads(options, { flags, modules: modulesOf(options) }));
  const freeSlots = Array.from({ length: threads }, (_, slot) => slot);
  let tickets = 0;
  let completed = 0;
  let failed = 0;
  let closed = false;

  const start = (job: PoolTask): void => {
    const slot = freeSlots.pop();
    if (slot === undefined)
      throw new Error(`the queue of the pool starts more tasks than there are threads: ${threads}`);
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
    const ended = (ranMs: number, cutShort: boolean): void => {
      clearTimeout(running.grace);
      freeSlots.push(slot);
      queue.ended(job, ranMs, cutShort, performance.now());
      if (!closed) startNext();
    };
    pool()
      .run(message, { signal: running.thread.signal })
      .then(
        (result: TaskResult) => {
          ended(result.ranMs, job.settled);
          if ('output' in result) job.settle('completed', result);
          else job.settle('failed', { error: new TaskError(job.task, errorOf(result.failure)) });
        },
        (error: Error) => {
          ended(performance.now() - running.startedAt, true);
          job.settle('failed', { error: new TaskError(job.task, error) });
        },
      );
  };

  const startNext = (): void => {
    const now = performance.now();
    for (let taken = queue.take(now); taken !== undefined; taken = queue.take(now)) {
      const { task: job, turn } = taken;
      if (turn === 'start') start(job);
      else if (turn === 'expired') giveUp(job);
      else refuse(job, now - job.queuedAt);
    }
  };

  const refuse = (job: PoolTask, waitMs: number | undefined): void =>
    job.settle('full', { error: new PoolFullError(job.task, queue.length, waitMs) });

  const giveUp = (job: PoolTask, cause?: unknown): void => {
    job.settle('deadline', { error: new TaskDeadlineError(job.task, performance.now() - job.queuedAt, cause) });
    if (queue.remove(job) || job.running === undefined) return;
    const { slot, ticket, thread } = job.running;
    askToStop(flags, slot, ticket);
    job.running.grace = setTimeout(() => thread.abort(), graceMs);
  };

  const run = (
    task: string,
    input: unknown,
    { signal, deadlineMs = defaultDeadlineMs, priority = 'normal' }: TaskOptions = {},
  ): Promise<unknown> => {
    if (closed) return Promise.reject(new TaskError(task, new Error('the pool is closed')));
    if (signal?.aborted) {
      onTask({ task, outcome: 'deadline', waitMs: 0, runMs: 0 });
      failed += 1;
      return Promise.reject(new TaskDeadlineError(task, 0, signal.reason));
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const queuedAt = performance.now();
    const withinMs = Math.min(deadlineMs, MAX_INT32);
    const job: PoolTask = {
      task,
      input,
      priority,
      queuedAt,
      deadlineAt: queuedAt + withinMs,
      running: undefined,
      settled: false,
      settle(outcome, answer) {
        if (job.settled) return;
        job.settled = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
        if (outcome === 'completed') completed += 1;
        else if (outcome !== 'full') failed += 1;
        const now = performance.now();
        const startedAt = job.running?.startedAt ?? now;
        onTask({ task, outcome, waitMs: startedAt - job.queuedAt, runMs: now - startedAt });
        if ('error' in answer) reject(answer.error);
        else resolve(answer.output);
      },
    };
    const leave = (): void => giveUp(job, signal?.reason);
    const timer = setTimeout(() => giveUp(job), withinMs);
    signal?.addEventListener('abort', leave, { once: true });
    const refused = queue.push(job, queuedAt);
    if (refused !== undefined) refuse(refused.task, refused.why === 'wait' ? refused.waitMs : undefined);
    startNext();
    return promise;
  };

  return {
    run: run as Pool['run'],
    warm: () => void (closed || pool()),
    expectedWaitMs: (task, priority) => queue.expectedWaitMs(task, priority, performance.now()),
    refuses: (task, priority) => queue.refuses(task, priority, defaultDeadlineMs, performance.now()),
    turnedAway: (task) => queue.turnedAway(task, performance.now()),
    runMs: (task) => queue.runMs(task),
    get loadRatio() {
      return queue.loadRatio(performance.now());
    },
    stats() {
      const now = performance.now();
      return {
        queued: queue.length,
        running: threads - freeSlots.length,
        queueDelayMs: Math.max(0, now - (queue.oldestQueuedAt() ?? now)),
        loadRatio: queue.loadRatio(now),
        completed,
        failed,
      };
    },
    async close() {
      closed = true;
      for (const job of [...queue]) {
        queue.remove(job);
        job.settle('failed', { error: new TaskError(job.task, new Error('the pool is closed')) });
      }
      await piscina?.destroy();
    },
  };
}

function modulesOf({ tasks, engineTasks = {} }: PoolOptions): Record<string, string> {
  const modules: Record<string, string> = {};
  for (const [name, url] of Object.entries(engineTasks)) modules[`${name}:`] = url.href;
  if (tasks !== undefined) modules[''] = tasks.href;
  return modules;
}

function startThreads({ queue, memoryMb, onStray }: PoolOptions, data: ThreadData): Piscina {
  // Made before the first thread, so that all share it.
  budgetOfProcess();
  const piscina = new Piscina({
    filename: fileURLToPath(moduleNear('./runner', import.meta.url)),
    workerData: data,
    // All at once and for good, with the first task or by `warm`: a thread takes 50 to 200 ms to start, just when the work comes.
    minThreads: queue.threads,
    maxThreads: queue.threads,
    // Idle threads sleep in Atomics.wait at no cost; a hand-over takes 55 µs instead of 73 µs by messages alone (measured).
    atomics: 'sync',
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    recordTiming: false,
  });
  piscina.on('error', onStray);
  piscina.on('message', (news: StrayNews) => onStray(errorOf(news.stray)));
  return piscina;
}
