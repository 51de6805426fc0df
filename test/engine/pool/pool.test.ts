import { readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Lanes } from '../../../src/engine/admission/lanes.ts';
import { budgetOfProcess } from '../../../src/engine/features/retry-budget.ts';
import { POOL_NICE_STEPS } from '../../../src/engine/pool/cpu-priority.ts';
import { PoolFullError, TaskDeadlineError, TaskError } from '../../../src/engine/pool/errors.ts';
import { createPool, type Pool, type PoolOptions, type TaskNews } from '../../../src/engine/pool/pool.ts';

const TASKS = new URL('./fixtures/tasks.ts', import.meta.url);
const ENGINE_TASKS = new URL('./fixtures/engine-tasks.ts', import.meta.url);
/** A bound for what should come much sooner. */
const SOON_MS = 10_000;

let pool: Pool | undefined;
const news: TaskNews[] = [];
const strays: string[] = [];

function open({
  threads = 1,
  maxQueue = 10,
  ...options
}: Partial<PoolOptions & { threads: number; maxQueue: number }> = {}): Pool {
  news.length = 0;
  strays.length = 0;
  pool = createPool({
    tasks: TASKS,
    engineTasks: { tahan: ENGINE_TASKS },
    queue: new Lanes({ threads, maxQueue }),
    defaultDeadlineMs: SOON_MS,
    memoryMb: 64,
    onTask: (each) => news.push(each),
    onStray: (error) => strays.push(error.message),
    ...options,
  });
  return pool;
}

afterEach(async () => {
  await pool?.close();
  pool = undefined;
});

/** Threads of this process (proc(5)). */
const threadsHere = (): number => readdirSync('/proc/self/task').length;

test('its threads start with the first task, or before it when told to', async () => {
  const before = threadsHere();
  const early = open({ threads: 3 });
  expect(threadsHere()).toBe(before);
  early.warm();
  await until(() => threadsHere() >= before + 3);
  await early.close();
  early.warm();
});

test('its threads take their retries from the budget of the process', async () => {
  const budget = budgetOfProcess();
  const { saved } = budget;
  expect(await open().run('takesRetry', undefined)).toBe(saved - 1);
  expect(budget.saved).toBe(saved - 1);
});

const cells = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + SOON_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`did not come about: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What a promise was rejected with. */
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`was not rejected, but gave ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );

/** Occupies the only thread until `release` is called. */
async function occupy(busy: Pool): Promise<{ release: () => void; done: Promise<void> }> {
  const door = cells();
  const done = busy.run<void>('gate', door);
  await until(() => Atomics.load(door, 0) === 1);
  return { release: () => Atomics.store(door, 1, 1), done };
}

describe('a task', () => {
  test('gives what its function returns, at once or later', async () => {
    const { run } = open();
    expect(await run('double', 21)).toBe(42);
    expect(await run('later', 1)).toBe('done');
  });

  test('of the engine is called by its prefix', async () => {
    const { run } = open();
    expect(await run('tahan:half', 42)).toBe(21);
  });

  test('of the engine runs where the site has no tasks', async () => {
    const { run } = open({ tasks: undefined });
    expect(await run('tahan:half', 42)).toBe(21);
    expect(String(await rejection(run('double', 1)))).toMatch(/the site names no task module/);
  });

  test('that does not exist is refused with the names of those that do', async () => {
    const { run } = open();
    expect(String(await rejection(run('tripel', 1)))).toMatch(/task "tripel" failed.*it exports .*double/);
    expect(await rejection(run('notAFunction', 1))).toBeInstanceOf(TaskError);
    expect(String(await rejection(run('toString', 1)))).toMatch(/no such task/);
    expect(String(await rejection(run('other:double', 1)))).toMatch(/no task module "other:"/);
  });

  test('of a module that cannot be loaded fails with the reason, and the engine still has its own', async () => {
    const { run } = open({ tasks: new URL('./fixtures/missing.ts', import.meta.url) });
    expect(String(await rejection(run('double', 1)))).toMatch(/Cannot find module/);
    expect(await run('tahan:half', 4)).toBe(2);
  });
});

test('threads have a lower CPU priority than the process', async () => {
  const { run } = open();
  expect(await run('niceLevel', 0)).toBe(Math.min(19, getPriority(process.pid) + POOL_NICE_STEPS));
});

describe('a task fails alone', () => {
  test('when it throws: name, message and code come back', async () => {
    const { run } = open();
    const error = (await rejection(run('fails', 0))) as TaskError;
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({
      code: 'TASK_FAILED',
      taskErrorName: 'RangeError',
      cause: { message: 'out of range', code: 'E_RANGE' },
    });
    expect(((await rejection(run('throwsText', 0))) as TaskError).message).toContain('just text');
    expect(await run('double', 1)).toBe(2);
  });

  test.each(['exits', 'crashes', 'givesFunction', 'hoards'])('when it %s', async (task) => {
    const { run } = open();
    const failing = rejection(run(task, 0));
    const next = run('double', 4);
    expect(await failing).toBeInstanceOf(TaskError);
    expect(await next).toBe(8);
  });

  test('when its input cannot be cloned', async () => {
    const { run } = open();
    expect(await rejection(run('double', () => 1))).toBeInstanceOf(TaskError);
    expect(await run('double', 1)).toBe(2);
  });

  test('when it hangs: its thread is ended, and those behind it run in a new one', async () => {
    const { run } = open();
    const hanging = rejection(run('hangs', 0, { deadlineMs: 50 }));
    const behind = [run('double', 1), run('double', 2), run('later', 1)];
    expect(await hanging).toMatchObject({ code: 'TASK_DEADLINE' });
    expect(await Promise.all(behind)).toEqual([2, 4, 'done']);
  });

  test('and one that fails again and again does not use the pool up', async () => {
    const { run } = open({ threads: 2 });
    for (const task of ['exits', 'crashes', 'exits', 'givesFunction', 'exits']) {
      expect(await rejection(run(task, 0))).toBeInstanceOf(TaskError);
    }
    expect(await Promise.all([run('double', 1), run('double', 2), run('double', 3)])).toEqual([2, 4, 6]);
  });

  test('and a promise that it leaves behind is told, and harms no other', async () => {
    const { run } = open();
    expect(await run('leavesPromiseBehind', 0)).toBe('done');
    expect(await run('later', 20)).toBe('done');
    await until(() => strays.length > 0);
    expect(strays).toEqual(['left behind']);
  });
});

describe('the deadline', () => {
  test.each(['spinsPolitely', 'spinsThrowing', 'waitsPolitely'])(
    'is told to a task that heeds its signal: %s',
    async (task) => {
      const { run } = open({ graceMs: SOON_MS });
      const seen = cells();
      expect(await rejection(run(task, seen, { deadlineMs: 100 }))).toBeInstanceOf(TaskDeadlineError);
      await until(() => Atomics.load(seen, 0) !== 0);
      expect(Atomics.load(seen, 0)).toBe(1);
      expect(await run('double', 1)).toBe(2);
    },
  );

  test('counts the waiting: a task that did not get its turn is taken out of the queue and never runs', async () => {
    const busy = open();
    const { release, done } = await occupy(busy);
    const seen = cells();
    expect(await rejection(busy.run('spinsPolitely', seen, { deadlineMs: 200 }))).toBeInstanceOf(TaskDeadlineError);
    expect(busy.stats()).toMatchObject({ queued: 0, running: 1 });
    release();
    await done;
    expect(await busy.run('double', 1)).toBe(2);
    expect(Atomics.load(seen, 0)).toBe(0);
  });

  test('is the default one unless another is given', async () => {
    const { run } = open({ defaultDeadlineMs: 20 });
    expect(await rejection(run('hangs', 0))).toMatchObject({
      message: expect.stringMatching(/was not done within \d+ ms/),
    });
  });
});

describe('the caller', () => {
  test('who leaves gives up a running task', async () => {
    const { run } = open({ graceMs: SOON_MS });
    const seen = cells();
    const caller = new AbortController();
    const running = rejection(run('waitsPolitely', seen, { signal: caller.signal }));
    await until(() => Atomics.load(seen, 1) === 1);
    caller.abort(new Error('visitor left'));
    expect(await running).toMatchObject({ code: 'TASK_DEADLINE', cause: { message: 'visitor left' } });
    await until(() => Atomics.load(seen, 0) === 1);
  });

  test('who leaves takes a waiting task along', async () => {
    const busy = open();
    const { release, done } = await occupy(busy);
    const caller = new AbortController();
    const waiting = rejection(busy.run('double', 1, { signal: caller.signal }));
    expect(busy.stats().queued).toBe(1);
    caller.abort();
    expect(await waiting).toBeInstanceOf(TaskDeadlineError);
    expect(busy.stats().queued).toBe(0);
    release();
    await done;
  });

  test('who has left already does not even queue', async () => {
    const busy = open();
    expect(await rejection(busy.run('double', 1, { signal: AbortSignal.abort() }))).toBeInstanceOf(TaskDeadlineError);
    expect(busy.stats()).toMatchObject({ queued: 0, running: 0 });
  });
});

describe('the queue', () => {
  test('is bounded, and keeps the order of arrival', async () => {
    const busy = open({ maxQueue: 3 });
    const { release } = await occupy(busy);
    const order: number[] = [];
    const queued = [1, 2, 3].map((value) => busy.run<number>('double', value).then((result) => order.push(result)));
    expect(await rejection(busy.run('double', 4))).toBeInstanceOf(PoolFullError);
    expect(busy.stats()).toMatchObject({ queued: 3, running: 1 });
    release();
    await Promise.all(queued);
    expect(order).toEqual([2, 4, 6]);
    expect(await busy.run('double', 5)).toBe(10);
  });

  test('has each task told once, with its outcome', async () => {
    const busy = open({ maxQueue: 0 });
    await busy.run('double', 1);
    await rejection(busy.run('fails', 0));
    await rejection(busy.run('hangs', 0, { deadlineMs: 30 }));
    await rejection(busy.run('double', 1));
    expect(news.map(({ task, outcome }) => [task, outcome])).toEqual([
      ['double', 'completed'],
      ['fails', 'failed'],
      ['hangs', 'deadline'],
      ['double', 'full'],
    ]);
    expect(news[2]!.runMs).toBeGreaterThan(0);
    expect(busy.stats()).toMatchObject({ completed: 1, failed: 2 });
  });

  test('has its order from the priority, not only from the arrival', async () => {
    const busy = open();
    const { release } = await occupy(busy);
    const order: string[] = [];
    const queued = (['background', 'low', 'critical'] as const).map((priority) =>
      busy.run('double', 1, { priority }).then(() => order.push(priority)),
    );
    await until(() => busy.stats().queueDelayMs > 0);
    expect(busy.stats().queued).toBe(3);
    release();
    await Promise.all(queued);
    expect(order).toEqual(['critical', 'low', 'background']);
    expect(busy.stats()).toMatchObject({ queued: 0, queueDelayMs: 0 });
  });

  test('gives a place to the more important task: the other is told that there is no room', async () => {
    const busy = open({ maxQueue: 1 });
    const { release, done } = await occupy(busy);
    const low = rejection(busy.run('double', 1, { priority: 'low' }));
    const critical = busy.run('double', 2, { priority: 'critical' });
    expect(await low).toBeInstanceOf(PoolFullError);
    release();
    await done;
    expect(await critical).toBe(4);
    expect(busy.stats().failed).toBe(0);
  });

  test('refuses at once whoever would wait too long, and foretells the wait', async () => {
    const busy = open({ threads: 2 });
    expect(busy.runMs('later')).toBeUndefined();
    expect(busy.expectedWaitMs('later', 'normal')).toBe(0);
    await busy.run('later', 200);
    expect(busy.runMs('later')).toBeGreaterThan(150);
    const running = busy.run('later', 200);
    expect(busy.expectedWaitMs('later', 'normal')).toBeGreaterThan(50);
    // 120 ms are its whole time: half of them are less than the rest of the running task.
    expect(String(await rejection(busy.run('later', 200, { deadlineMs: 120 })))).toMatch(
      /a wait of \d+ ms for a thread/,
    );
    expect(news.at(-1)).toMatchObject({ task: 'later', outcome: 'full', runMs: 0 });
    expect(busy.loadRatio).toBeGreaterThan(0);
    await running;
  });

  test('leaves a thread to another task when one name floods it', async () => {
    const busy = open({ threads: 2 });
    await busy.run('double', 1);
    const doors = [cells(), cells(), cells()];
    const flood = doors.map((door) => busy.run('gate', door));
    await until(() => Atomics.load(doors[0]!, 0) === 1);
    expect(await busy.run('double', 2)).toBe(4);
    expect(busy.stats()).toMatchObject({ running: 1, queued: 2 });
    for (const door of doors) Atomics.store(door, 1, 1);
    await Promise.all(flood);
  });

  test('is emptied when the pool closes: whoever waits is told', async () => {
    const busy = open();
    const { done } = await occupy(busy);
    const told = [rejection(done), rejection(busy.run('double', 1))];
    await busy.close();
    for (const error of await Promise.all(told)) expect(error).toBeInstanceOf(TaskError);
    expect(String(await rejection(busy.run('double', 1)))).toMatch(/the pool is closed/);
  });
});
