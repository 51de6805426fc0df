import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { Lanes } from '../admission/lanes.ts';
import type { Lanes as RouteLanes } from '../admission/route-work.ts';
import { currentRequest } from '../current-request.ts';
import { pagePart, poolShare } from '../features/pool-share.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { moduleNear } from '../module-near.ts';
import { PoolFullError, TaskDeadlineError, TaskError } from '../pool/errors.ts';
import { createPool, type Pool, type TaskOptions } from '../pool/pool.ts';

/** At least two threads: slow tasks leave one to the quick ones. */
const MIN_THREADS = 2;

const UNKNOWN_MODULE =
  'createSite has not returned yet, so the task module is not known; export it as `tasks` from the site module, too, or do not wait for the task in createSite';

/**
 * The thread pool of the site and the engine. A site names its task module in what its module exports, or only in what
 * `createSite` returns. Then tasks that `createSite` asks for wait until it has returned, at most as long as a task may
 * take: one that `createSite` itself waits for would never start.
 */
export class SitePool {
  private readonly config: Config;
  private readonly recorder: Recorder;
  private readonly log: Logger;
  private pool: Pool | undefined;
  private readonly opened = Promise.withResolvers<Pool>();
  private hasTasks = false;
  /** Tasks that wait for the task module to be known. */
  private early = 0;

  constructor(config: Config, recorder: Recorder, log: Logger) {
    this.config = config;
    this.recorder = recorder;
    this.log = log;
  }

  /** The task module is known, undefined when the site has none. From now on tasks run; only the first call counts. */
  open(tasks: URL | undefined): void {
    this.pool ??= this.start(tasks);
    this.hasTasks ||= tasks !== undefined;
    this.opened.resolve(this.pool);
  }

  /** Starts the threads of a site that has tasks: somebody is there who may need them. */
  warm(): void {
    if (this.hasTasks) this.pool?.warm();
  }

  private get threadCount(): number {
    return Math.max(MIN_THREADS, Math.floor(this.config.cores / this.config.workersMax));
  }

  /** Undefined before `open`. */
  get threads(): Pool | undefined {
    return this.pool;
  }

  async run<Output>(task: string, input: unknown, options?: TaskOptions): Promise<Output> {
    const pool = this.pool ?? (await this.untilOpen(task, options));
    const current = currentRequest.getStore();
    const share = poolShare.getStore();
    const run = (given: TaskOptions | undefined): Promise<Output> =>
      share === undefined
        ? pool.run<Output>(task, input, given)
        : share.run(task, this.threadCount, () => pool.run<Output>(task, input, given));
    if (current === undefined) return run(options);
    const { priority, flight } = current;
    const began = performance.now();
    try {
      return await run({ priority, ...options });
    } finally {
      if (flight !== undefined) {
        if (pagePart.getStore() === undefined) flight.tasks.push(task);
        flight.poolMs += performance.now() - began;
      }
    }
  }

  /** @throws {PoolFullError} {TaskDeadlineError} {TaskError} as the pool itself */
  private async untilOpen(task: string, options: TaskOptions = {}): Promise<Pool> {
    const { poolQueue, poolDeadlineMs } = this.config;
    if (this.early >= poolQueue) throw new PoolFullError(task, this.early);
    const { signal, deadlineMs = poolDeadlineMs } = options;
    const began = performance.now();
    const given = Promise.withResolvers<never>();
    const giveUp = (): void => given.reject(new TaskDeadlineError(task, performance.now() - began, signal?.reason));
    const tooLate = (): void => given.reject(new TaskError(task, new Error(UNKNOWN_MODULE)));
    const timer = setTimeout(tooLate, deadlineMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted) giveUp();
    this.early += 1;
    try {
      return await Promise.race([this.opened.promise, given.promise]);
    } finally {
      this.early -= 1;
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** What the gate asks of the pool. */
  readonly lanes: RouteLanes = {
    expectedWaitMs: (task, priority) => this.pool?.expectedWaitMs(task, priority) ?? 0,
    runMs: (task) => this.pool?.runMs(task),
    refuses: (task, priority) => this.pool?.refuses(task, priority) ?? false,
    turnedAway: (task) => this.pool?.turnedAway(task),
  };

  async close(): Promise<void> {
    await this.pool?.close();
  }

  private start(tasks: URL | undefined): Pool {
    const { config, recorder, log } = this;
    return createPool({
      tasks,
      engineTasks: { tahan: moduleNear('../cache/compress', import.meta.url) },
      queue: new Lanes({
        threads: this.threadCount,
        maxQueue: config.poolQueue,
      }),
      defaultDeadlineMs: config.poolDeadlineMs,
      memoryMb: config.poolMemoryMb,
      onTask({ task, outcome, waitMs, runMs }) {
        recorder.count('tahan_pool_tasks_total', [task, outcome]);
        recorder.observe('tahan_pool_wait_seconds', [], waitMs / 1_000);
        if (runMs > 0) recorder.observe('tahan_pool_run_seconds', [task], runMs / 1_000);
      },
      onStray: (error) => log.warn({ error: error.message }, 'a pool thread failed'),
    });
  }
}
