import { afterEach, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/config.ts';
import { type CurrentRequest, currentRequest } from '../../../src/engine/current-request.ts';
import { createFragments } from '../../../src/engine/features/fragments.ts';
import { createSiteParts } from '../../../src/engine/features/site-parts.ts';
import { createLog } from '../../../src/engine/log.ts';
import { Recorder } from '../../../src/engine/metrics/recorder.ts';
import { PoolFullError, TaskDeadlineError, TaskError } from '../../../src/engine/pool/errors.ts';
import { SitePool } from '../../../src/engine/worker/site-pool.ts';

const TASKS = new URL('../pool/fixtures/tasks.ts', import.meta.url);

let pool: SitePool;
const create = (env: NodeJS.ProcessEnv = {}): SitePool => {
  pool = new SitePool(readConfig(env, 1), new Recorder(), createLog('silent', 'test'));
  return pool;
};

afterEach(() => pool.close());

test('a task that is asked for while the site is created runs as soon as the task module is known', async () => {
  create();
  const early = pool.run('double', 21);
  pool.open(TASKS);
  expect(await early).toBe(42);
});

test('a task that createSite itself waits for fails with a sentence that tells what to do', async () => {
  const early = create().run('double', 21, { deadlineMs: 10 });
  await expect(early).rejects.toBeInstanceOf(TaskError);
  await expect(early).rejects.toThrow(/"double" failed: createSite has not returned yet.*export it as `tasks`/);
});

test('tasks that wait for the task module are bounded, and leave with their callers', async () => {
  create({ TAHAN_POOL_QUEUE: '2' });
  const caller = new AbortController();
  const left = pool.run('double', 1, { signal: caller.signal });
  const stays = pool.run('double', 2);
  await expect(pool.run('double', 3)).rejects.toBeInstanceOf(PoolFullError);
  caller.abort();
  await expect(left).rejects.toBeInstanceOf(TaskDeadlineError);
  await expect(pool.run('double', 4, { signal: caller.signal })).rejects.toBeInstanceOf(TaskDeadlineError);
  pool.open(TASKS);
  expect(await stays).toBe(4);
});

test('a worker of one core has two threads, so that slow tasks leave one to the quick ones', async () => {
  create().open(TASKS);
  await pool.run('double', 1);
  const door = new Int32Array(new SharedArrayBuffer(8));
  const slow = pool.run('gate', door);
  expect(await pool.run('double', 2)).toBe(4);
  Atomics.store(door, 1, 1);
  await slow;
});

test('a task of a part that its page can go without is not learned by the route, so the page is not refused for it', async () => {
  create().open(TASKS);
  const flight = { tasks: [] as string[], poolMs: 0 };
  const { fragment } = createFragments((name) => createSiteParts().feature(name));
  const current = { priority: 'normal', flight } as unknown as CurrentRequest;
  const result = await currentRequest.run(current, () => fragment('chart', { ttlMs: 0 }, () => pool.run('double', 4)));
  expect(result).toMatchObject({ state: 'fresh', value: 8 });
  expect(flight.tasks).toEqual([]);
  await currentRequest.run(current, () => pool.run('double', 4));
  expect(flight.tasks).toEqual(['double']);
});

test('a feature has no more threads than its share', async () => {
  create({ TAHAN_WORKERS_MAX: '1' }).open(TASKS);
  await pool.run('double', 1);
  const door = new Int32Array(new SharedArrayBuffer(8));
  const reports = createSiteParts().feature('reports', { share: 0.5 });
  const first = reports.run(() => pool.run('gate', door), 20_000);
  const second = reports.run(() => pool.run('double', 5), 20_000);
  // Half of two threads is one: the second task of the feature waits, that of another does not.
  expect(await pool.run('double', 2)).toBe(4);
  expect(await Promise.race([second, pool.run('double', 3)])).toBe(6);
  Atomics.store(door, 1, 1);
  await first;
  expect(await second).toBe(10);
});
