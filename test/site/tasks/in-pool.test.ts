import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Lanes } from '../../../src/engine/admission/lanes.ts';
import { createPool, type Pool } from '../../../src/engine/pool/pool.ts';
import { siteCounts } from '../../../src/site/data/counts.ts';
import { type CallTask, taskCaller } from '../../../src/site/tasks/call.ts';
import { addPost, addUser, type TempData, tempData } from '../data/temp-data.ts';

let data: TempData;
let pool: Pool;
let call: CallTask;
let strays: Error[];

beforeEach(() => {
  data = tempData();
  strays = [];
  pool = createPool({
    tasks: new URL('../../../src/site/tasks/index.ts', import.meta.url),
    queue: new Lanes({ threads: 2, maxQueue: 100 }),
    defaultDeadlineMs: 20_000,
    memoryMb: 256,
    onTask: () => {},
    onStray: (error) => strays.push(error),
  });
  call = taskCaller(pool, data.dataDir);
});
afterEach(async () => {
  await pool.close();
  expect(strays).toEqual([]);
  data.remove();
});

describe('the tasks in the thread pool', () => {
  test('work by name, with values for expected failures', async () => {
    const registered = await call('register', { name: 'anna', password: 'correct horse' });
    expect(registered).toMatchObject({ ok: true, user: { name: 'anna' } });
    expect(await call('register', { name: 'anna', password: 'correct horse' })).toEqual({
      ok: false,
      reason: 'name-taken',
    });
  });

  test('write from several threads at once, and none is lost', async () => {
    const postId = addPost(data.db);
    const users = Array.from({ length: 30 }, (_, n) => addUser(data.db, `user-${n}`));
    await Promise.all(users.map((userId) => call('likePost', { userId, postId })));
    expect(siteCounts(data.db).likes).toBe(30);
  });
});
