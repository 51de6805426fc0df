import { afterEach, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/config.ts';
import { createLog } from '../../../src/engine/log.ts';
import { Recorder } from '../../../src/engine/metrics/recorder.ts';
import { TaskError } from '../../../src/engine/pool/errors.ts';
import { SitePool } from '../../../src/engine/worker/site-pool.ts';

const TASKS = new URL('../pool/fixtures/tasks.ts', import.meta.url);

let pool: SitePool;
const create = (): SitePool => {
  pool = new SitePool(readConfig({}, 1), new Recorder(), createLog('silent', 'test'));
  return pool;
};

afterEach(() => pool.close());

test('a task that is asked for while the site is created fails with a clear sentence, and later ones work', async () => {
  create();
  const early = pool.run('double', 21);
  await expect(early).rejects.toBeInstanceOf(TaskError);
  await expect(early).rejects.toThrow(/"double" failed: .*not known before createSite has returned/);
  pool.open(TASKS);
  expect(await pool.run('double', 21)).toBe(42);
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
