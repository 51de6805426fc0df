import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { Lanes } from '../admission/lanes.ts';
import type { Lanes as RouteLanes } from '../admission/route-work.ts';
import { currentRequest } from '../current-request.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { moduleNear } from '../module-near.ts';
import { TaskError } from '../pool/errors.ts';
import { createPool, type Pool, type TaskOptions } from '../pool/pool.ts';

/** At least two threads: slow tasks leave one to the quick ones. */
const MIN_THREADS = 2;

/**
 * The thread pool of the site and the engine. The site names its task module in what `createSite` returns, so a task
 * that is asked for earlier fails at once: one that waited would never start if `createSite` waits for it.
 */
export class SitePool {
  private readonly config: Config;
  private readonly recorder: Recorder;
  private readonly log: Logger;
  private pool: Pool | undefined;

  constructor(config: Config, recorder: Recorder, log: Logger) {
    this.config = config;
    this.recorder = recorder;
    this.log = log;
  }

  /** The site is created; `tasks` is its task module, undefined when it has none. From now on tasks run. */
  open(tasks: URL | undefined): void {
    this.pool ??= this.start(tasks);
  }

  /** Undefined before `open`. */
  get threads(): Pool | undefined {
    return this.pool;
  }

  async run<Output>(task: string, input: unknown, options?: TaskOptions): Promise<Output> {
    if (this.pool === undefined)
      throw new TaskError(
        task,
        new Error('the task module of the site is not known before createSite has returned; run the task after that'),
      );
    const current = currentRequest.getStore();
    if (current === undefined) return this.pool.run<Output>(task, input, options);
    const { priority, flight } = current;
    const began = performance.now();
    try {
      return await this.pool.run<Output>(task, input, { priority, ...options });
    } finally {
      if (flight !== undefined) {
        flight.tasks.push(task);
        flight.poolMs += performance.now() - began;
      }
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
        threads: Math.max(MIN_THREADS, Math.floor(config.cores / config.workersMax)),
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
