import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { createPool } from '../pool/pool.ts';
import type { TaskPool } from '../site.ts';

export type Threads = ReturnType<typeof createPool>;

/** The thread pool, which starts with the first task: the site may want one while it is being created. */
export class SitePool implements TaskPool {
  /** The site's task module; known once the site is created. */
  tasks: URL | undefined;
  private readonly config: Config;
  private readonly recorder: Recorder;
  private readonly log: Logger;
  private pool: Threads | undefined;

  constructor(config: Config, recorder: Recorder, log: Logger) {
    this.config = config;
    this.recorder = recorder;
    this.log = log;
  }

  get threads(): Threads {
    this.pool ??= this.start();
    return this.pool;
  }

  run<Output>(...asked: Parameters<TaskPool['run']>): Promise<Output> {
    return this.threads.run<Output>(...asked);
  }

  private start(): Threads {
    const { config, recorder, log } = this;
    return createPool({
      tasks: this.tasks,
      engineTasks: { tahan: new URL('../cache/compress.ts', import.meta.url) },
      threads: Math.max(1, Math.floor(config.cores / config.workersMax)),
      maxQueue: config.poolQueue,
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
