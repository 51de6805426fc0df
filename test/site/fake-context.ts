import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import type { RequestInfo, SiteContext, SiteSettings, Task } from '../../src/engine/site.ts';
import { migrate } from '../../src/site/data/migrate.ts';
import { openWriter } from '../../src/site/data/open.ts';
import { closeConnections } from '../../src/site/data/write.ts';
import * as tasks from '../../src/site/tasks/index.ts';

/** The engine's side of a site, for tests: the real tasks on a real database, in this process. */
export interface FakeContext extends SiteContext {
  /** Tags of each purge, in order. */
  purges: string[][];
  /** Searches that found nothing. */
  searches: string[];
  /** What a task throws instead of working. */
  failing: Map<string, Error>;
  /** Replaces what the engine says of every request. */
  visit: Partial<RequestInfo>;
  listeners: Map<string, (body: unknown) => void>;
  /** Removes the data folder. */
  remove: () => void;
}

export function fakeContext(settings: Partial<SiteSettings> = {}): FakeContext {
  const dataDir = mkdtempSync(join(tmpdir(), 'tahan-site-'));
  const db = openWriter(dataDir);
  migrate(db);
  db.close();
  const purges: string[][] = [];
  const searches: string[] = [];
  const failing = new Map<string, Error>();
  const listeners = new Map<string, (body: unknown) => void>();
  const visit: Partial<RequestInfo> = {};
  return {
    settings: {
      siteName: 'Tahan',
      publicUrl: 'http://localhost:3000',
      dataDir,
      sessionSecret: 'a secret of the tests, long enough',
      bodyLimit: 65_536,
      lab: false,
      sample: true,
      version: '0.0.0',
      ...settings,
    },
    log: pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
    processName: 'worker-1',
    pool: {
      async run<Output>(task: string, input: unknown, options: { signal?: AbortSignal } = {}) {
        const failure = failing.get(task);
        if (failure !== undefined) throw failure;
        const work = (tasks as unknown as Record<string, Task<unknown, Output>>)[task];
        if (work === undefined) throw new TypeError(`there is no task ${task}`);
        return work(input, { signal: options.signal ?? new AbortController().signal });
      },
    },
    purge: async (tags) => {
      purges.push([...tags]);
    },
    searchedInVain(words) {
      searches.push(words);
    },
    limiter(_name, { points, seconds }) {
      const memory = new RateLimiterMemory({ points, duration: seconds });
      return {
        take: (key) =>
          memory.consume(key).then(
            () => ({ allowed: true, retryAfterMs: 0 }),
            ({ msBeforeNext }: RateLimiterRes) => ({ allowed: false, retryAfterMs: msBeforeNext }),
          ),
        giveBack: async (key) => {
          await memory.reward(key);
        },
        reset: async (key) => {
          await memory.delete(key);
        },
      };
    },
    request: (request: IncomingMessage) => ({
      signal: new AbortController().signal,
      remainingMs: () => 2_000,
      priority: 'normal',
      clientAddress: request.socket.remoteAddress ?? '',
      secure: false,
      ...visit,
    }),
    broadcast: (topic, body) => listeners.get(topic)?.(body),
    onBroadcast: (topic, listener) => listeners.set(topic, listener),
    purges,
    searches,
    failing,
    visit,
    listeners,
    remove() {
      closeConnections();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
