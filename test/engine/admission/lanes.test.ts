import { describe, expect, test } from '@jest/globals';
import { Lanes } from '../../../src/engine/admission/lanes.ts';
import { MAX_NAMES, SLOW_MS } from '../../../src/engine/admission/task-names.ts';
import { PRIORITIES, type Priority } from '../../../src/engine/site.ts';
import { exponential, seeded } from './seeded.ts';
import { flood, SimulatedPool, type Stream } from './simulated-pool.ts';

const SEEDS = [1, 2];
const SHARES: Record<Priority, number> = { critical: 8 / 15, normal: 4 / 15, low: 2 / 15, background: 1 / 15 };

const stream = (task: string, ms: number, rate: number, more: Partial<Stream> = {}): Stream => ({
  task,
  priority: 'normal',
  ms,
  rate,
  ...more,
});

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

describe('the shares of the priorities', () => {
  test.each(SEEDS.flatMap((seed) => [5, 60].map((ms) => [ms, seed])))(
    'are 8 : 4 : 2 : 1 while all of them want more than there is: tasks of %i ms, seed %i',
    (ms, seed) => {
      const threads = 4;
      const pool = new SimulatedPool({ threads, seed });
      const streams = flood(threads, 6, ms, 3, (random) => ms * (0.5 + random()));
      pool.learn(streams);
      pool.tallies.clear();
      pool.play(streams, 1_000 * ms);
      const ran = pool.ranMs();
      const all = sum(Object.values(ran));
      for (const priority of PRIORITIES) {
        expect(ran[priority] / all).toBeGreaterThan(SHARES[priority] * 0.9);
        expect(ran[priority] / all).toBeLessThan(SHARES[priority] * 1.1);
      }
    },
  );

  test('what one priority leaves the others have', () => {
    const pool = new SimulatedPool({ threads: 4, seed: 1 });
    const streams = [0, 1, 2, 3].map((name) => stream(`b${name}`, 5, 800, { priority: 'background' }));
    pool.learn(streams);
    const before = pool.busyMs;
    pool.play(streams, 10_000);
    expect(pool.busyMs - before).toBeGreaterThan(0.98 * 4 * 10_000);
  });

  test('a critical task waits for one that runs, not for those of other priorities that wait', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    const low = ['a', 'b', 'c', 'd'].map((name) => stream(name, 10, 200, { priority: 'low' }));
    const critical = stream('critical', 10, 10, { priority: 'critical' });
    pool.learn([...low, critical]);
    pool.play([...low, critical], 20_000);
    expect(pool.tallyOf(critical).refused).toBe(0);
    expect(pool.tallyOf(critical).waitMs(0.99)).toBeLessThan(25);
  });
});

describe('the threads', () => {
  /** Streams of all sorts, drawn with the seed. */
  const draw = (random: () => number): Stream[] =>
    Array.from({ length: 2 + Math.floor(random() * 8) }, (_, index) => {
      const ms = random() < 0.5 ? 1 + random() * 15 : 30 + random() * 200;
      return stream(`task-${index}`, ms, (0.2 + random() * 3) * (1_000 / ms), {
        priority: PRIORITIES[Math.floor(random() * 4)]!,
        deadlineMs: 200 + random() * 5_000,
      });
    });

  test.each(Array.from({ length: 20 }, (_, seed) => [2 + (seed % 4), seed]))(
    'are never all taken by one name or by slow tasks, and none is idle while a task waits that may run: %i threads, seed %i',
    (threads, seed) => {
      const pool = new SimulatedPool({ threads, seed, maxQueue: 50 });
      const streams = draw(seeded(seed + 1_000));
      pool.learn(streams);
      const places = threads - 1;
      const wrong: string[] = [];
      pool.play(streams, 3_000, () => {
        const slowRunning = pool.running.filter(({ stream: { ms } }) => ms > SLOW_MS).length;
        if (pool.running.length > threads) wrong.push('more tasks than threads');
        if (slowRunning > places) wrong.push('slow tasks have all threads');
        if (streams.some(({ task }) => pool.runningOf(task) > places)) wrong.push('a name has all threads');
        if (pool.running.length === threads) return;
        for (const { task, stream: of } of pool.lanes) {
          if (pool.runningOf(task) < places && (of.ms <= SLOW_MS || slowRunning < places))
            wrong.push(`a thread is idle and ${task} waits`);
        }
      });
      expect(wrong).toEqual([]);
      expect(sum([...pool.tallies.values()].map(({ done }) => done))).toBeGreaterThan(20);
    },
  );

  test.each([2, 4])('%i: one name that floods them leaves one to the others', (threads) => {
    const pool = new SimulatedPool({ threads, seed: 7 });
    const many = stream('many', 10, threads * 1_000, { priority: 'critical' });
    const few = stream('few', 2, 50, { priority: 'background' });
    pool.learn([many, few]);
    pool.play([many, few], 10_000);
    expect(pool.tallyOf(few).refused).toBe(0);
    expect(pool.tallyOf(few).waitMs(0.99)).toBeLessThan(5);
  });

  test.each([2, 4])(
    '%i: a flood of slow critical tasks leaves the quick ones served within milliseconds',
    (threads) => {
      const pool = new SimulatedPool({ threads, seed: 8 });
      const slow = ['hash', 'report', 'export'].map((name) =>
        stream(name, 40, threads * 100, { priority: 'critical', runMs: (random) => exponential(random, 40) }),
      );
      const quick = stream('quick', 3, 60);
      pool.learn([...slow, quick]);
      pool.play([...slow, quick], 20_000);
      const tally = pool.tallyOf(quick);
      expect(tally.refused + tally.dropped).toBe(0);
      expect(tally.waitMs(0.99)).toBeLessThan(15);
      // And the slow ones have all the threads that they may have.
      expect(sum(slow.map((each) => pool.tallyOf(each).ranMs))).toBeGreaterThan(0.95 * (threads - 1) * 20_000);
    },
  );

  test('a name never seen counts as slow until its first run has ended', () => {
    const pool = new SimulatedPool({ threads: 3, seed: 1 });
    for (const name of ['x', 'y', 'z']) pool.offer(stream(name, 2_000, 0));
    expect(pool.running.map(({ task }) => task)).toEqual(['x', 'y']);
    const known = stream('known', 5, 0);
    pool.advance(10_000);
    pool.offer(known);
    pool.advance(11_000);
    for (const name of ['x', 'y']) pool.offer(stream(name, 2_000, 0));
    pool.offer(known);
    expect(pool.running.map(({ task }) => task)).toEqual(['x', 'y', 'known']);
  });

  test('a burst of tasks whose run time is not known yet is let in', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    const fresh = stream('fresh', 2, 0);
    for (let index = 0; index < 100; index++) pool.offer(fresh);
    pool.advance(1_000);
    expect(pool.tallyOf(fresh)).toMatchObject({ refused: 0, dropped: 0, done: 100 });
  });

  test('a single one serves all, one after the other', () => {
    const pool = new SimulatedPool({ threads: 1, seed: 1 });
    for (const name of ['x', 'y', 'z']) pool.offer(stream(name, 40, 0));
    pool.advance(1_000);
    expect(sum([...pool.tallies.values()].map(({ done }) => done))).toBe(3);
  });
});

describe('nobody starves', () => {
  test.each(SEEDS)('whatever the others do: seed %i', (seed) => {
    const threads = 2;
    const pool = new SimulatedPool({ threads, seed });
    const streams = [...flood(threads, 5, 10, 2), ...flood(threads, 5, 60, 2)];
    pool.learn(streams);
    // In the first moments, which look like a burst, more is let in.
    pool.play(streams, 5_000);
    pool.tallies.clear();
    pool.play(streams, 15_000);
    for (const priority of PRIORITIES) {
      const tallies = streams.filter((each) => each.priority === priority).map((each) => pool.tallyOf(each));
      expect(sum(tallies.map(({ started }) => started))).toBeGreaterThan(10);
      // The least share is a fifteenth: a task of 60 ms every second or so.
      expect(Math.max(...tallies.flatMap(({ waitsMs }) => waitsMs))).toBeLessThan(2_500);
    }
  });

  test.each([
    ['its lane', stream('slow', 40, 100, { priority: 'critical' })],
    ['the bound of its name', stream('many', 5, 300, { priority: 'critical' })],
  ])('not even after a priority was held back for long by %s: it does not take all of that back at once', (_, held) => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    const lows = ['l1', 'l2'].map((name) => stream(name, 5, 200, { priority: 'background' }));
    const quicks = ['q1', 'q2', 'q3'].map((name) => stream(name, 5, 300, { priority: 'critical' }));
    pool.learn([held, ...lows, ...quicks]);
    pool.play([held, ...lows], 60_000);
    pool.tallies.clear();
    pool.play([held, ...quicks, ...lows], 10_000);
    // A fifteenth of two threads is 1.3 s of the 10.
    expect(sum(lows.map((low) => pool.tallyOf(low).ranMs))).toBeGreaterThan(700);
  });
});

describe('the slow and the quick', () => {
  const quick = ['q1', 'q2', 'q3'].map((name) => stream(name, 5, 300, { priority: 'critical' }));
  const slow = ['s1', 's2'].map((name) => stream(name, 40, 40, { priority: 'background' }));
  const quickMs = (pool: SimulatedPool): number => sum(quick.map((each) => pool.tallyOf(each).ranMs));

  test('share the thread that both may take by the weights of their priorities', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    pool.learn([...quick, ...slow]);
    pool.tallies.clear();
    pool.play([...quick, ...slow], 10_000);
    // Eight ninths of two threads; were each lane worth the same, a half.
    expect(quickMs(pool)).toBeGreaterThan(0.95 * (8 / 9) * 20_000);
    expect(sum(slow.map((each) => pool.tallyOf(each).ranMs))).toBeGreaterThan(0.8 * (1 / 9) * 20_000);
  });

  test.each([
    [
      'was held back for long',
      [stream('held', 40, 100, { priority: 'critical' }), stream('low', 5, 190, { priority: 'low' })],
    ],
    ['had nothing to do for long', quick],
  ])('have no more of it because their lane %s', (_, before) => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    pool.learn([...quick, ...slow, ...before]);
    pool.play(before, 60_000);
    pool.tallies.clear();
    pool.play([...quick, ...slow], 10_000);
    expect(quickMs(pool)).toBeGreaterThan(0.9 * (8 / 9) * 20_000);
  });
});

describe('the wait', () => {
  test('is bounded: who would wait for longer is refused at once, and the threads have no less to do', () => {
    const threads = 2;
    const pool = new SimulatedPool({ threads, seed: 1 });
    const burn = stream('burn', 30, 333); // ten times what the one thread that it may have can do
    pool.learn([burn]);
    // The first moments look like a burst.
    pool.play([burn], 2_000);
    expect(pool.tallyOf(burn).waitMs(1)).toBeLessThan(12 * 30 + 35);
    pool.tallies.clear();
    const before = pool.busyMs;
    pool.play([burn], 30_000);
    const tally = pool.tallyOf(burn);
    expect(tally.refused).toBeGreaterThan(0.85 * tally.offered);
    expect(tally.waitMs(1)).toBeLessThanOrEqual(260);
    expect(tally.waitMs(0.5)).toBeGreaterThan(150);
    expect(pool.busyMs - before).toBeGreaterThan(0.99 * 30_000);
    expect(tally.done).toBeGreaterThan(0.98 * 1_000);
  });

  test('counts the time until a busy loop hands the next task over', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1, handOverMs: 8 });
    const burn = stream('burn', 6, 1_000);
    pool.learn([burn]);
    pool.play([burn], 2_000);
    pool.tallies.clear();
    pool.play([burn], 5_000);
    expect(pool.lanes.runMs('burn')).toBeCloseTo(6, 5);
    expect(pool.tallyOf(burn).waitMs(1)).toBeLessThan(275);
    expect(pool.tallyOf(burn).waitMs(0.5)).toBeGreaterThan(150);
  });

  test('of the first tasks does not count the start of the thread', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1, handOverMs: 300 });
    pool.learn([stream('first', 5, 0)]);
    expect(pool.lanes.expectedWaitMs('first', 'normal', pool.now)).toBe(0);
    for (let index = 0; index < 30; index++) pool.offer(stream('first', 5, 0));
    expect(pool.lanes.length).toBe(29);
  });

  test.each([5, 30, 150])('a load of 0.65 of the capacity is never refused, whatever a task takes: %i ms', (ms) => {
    for (const seed of SEEDS) {
      const pool = new SimulatedPool({ threads: 2, seed });
      const calm = stream('calm', ms, 650 / ms, { runMs: (random) => exponential(random, ms), deadlineMs: 60_000 });
      pool.learn([calm]);
      pool.play([calm], 1_000 * ms);
      expect(pool.tallyOf(calm)).toMatchObject({ refused: 0, dropped: 0, expired: 0 });
    }
  });

  test('is at most half of the time until the deadline', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    const burn = stream('burn', 20, 500, { deadlineMs: 100 });
    pool.learn([burn]);
    pool.play([burn], 10_000);
    expect(pool.tallyOf(burn).waitMs(1)).toBeLessThanOrEqual(52);
    expect(pool.tallyOf(burn).expired).toBe(0);
  });

  test.each([2, 4])('is estimated as it comes out: one name, slow ones, and a mixture; %i threads', (threads) => {
    const mixtures = [
      [stream('burn', 10, 150 * threads)],
      [stream('slow', 50, 30 * threads), stream('slower', 90, 30 * threads)],
      [stream('quick', 5, 150 * threads), stream('quicker', 2, 300 * threads), stream('slow', 50, 30 * threads)],
    ];
    for (const streams of mixtures) {
      const pool = new SimulatedPool({ threads, seed: 3 });
      pool.learn(streams);
      pool.play(streams, 3_000);
      pool.tallies.clear();
      pool.play(streams, 10_000);
      for (const each of streams) {
        const { errorsMs } = pool.tallyOf(each);
        expect(errorsMs.length).toBeGreaterThan(50);
        const sorted = [...errorsMs].sort((x, y) => x - y);
        // Off by a task or two that happen to run, whichever way.
        expect(sorted[Math.floor(sorted.length * 0.05)]).toBeGreaterThan(-130);
        expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThan(130);
      }
    }
  });

  test('of the least important task is foretold too: its line waits for its turn though nothing of it is ahead', () => {
    const pool = new SimulatedPool({ threads: 4, seed: 5 });
    const streams = flood(4, 5, 20, 3);
    pool.learn(streams);
    pool.play(streams, 3_000);
    pool.tallies.clear();
    pool.play(streams, 10_000);
    const errors = streams
      .filter(({ priority }) => priority === 'background')
      .flatMap((each) => pool.tallyOf(each).errorsMs);
    expect(errors.length).toBeGreaterThan(50);
    expect(sum(errors.map(Math.abs)) / errors.length).toBeLessThan(25);
  });

  test('is none for a task for which a thread is free', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    const [many, few] = [stream('many', 20, 0), stream('few', 2, 0)];
    pool.learn([many, few]);
    for (let index = 0; index < 10; index++) pool.offer(many);
    expect(pool.lanes.expectedWaitMs('few', 'background', pool.now)).toBe(0);
    expect(pool.lanes.expectedWaitMs('many', 'normal', pool.now)).toBeGreaterThan(190);
    pool.offer(few);
    expect(pool.running.map(({ task }) => task)).toEqual(['many', 'few']);
    pool.advance(pool.now + 2.5);
    // Its line has had its turn, and is ahead of the others for that.
    pool.offer({ ...few, priority: 'background' });
    pool.advance(pool.now + 2.5);
    expect(pool.running.map(({ task }) => task)).toEqual(['many']);
    expect(pool.lanes.expectedWaitMs('few', 'background', pool.now)).toBe(0);
    pool.offer(few);
    // The name that has its threads holds up its own tasks only.
    expect(pool.lanes.expectedWaitMs('few', 'normal', pool.now)).toBeLessThan(3);
  });

  test('counts a hung task: those behind it are told at once, not at their deadline', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    const [slow, hung] = [stream('slow', 40, 0), stream('slow', 40, 0, { runMs: () => 60_000, deadlineMs: 60_000 })];
    pool.learn([slow]);
    pool.offer(hung);
    pool.advance(pool.now + 100);
    expect(pool.lanes.expectedWaitMs('slow', 'normal', pool.now)).toBeLessThan(50);
    pool.advance(pool.now + 2_000);
    pool.offer(slow);
    expect(pool.tallyOf(slow).refused).toBe(1);
  });

  test('that comes out longer than expected is cut: tasks are dropped when their turn comes', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    const burn = stream('burn', 10, 100);
    pool.learn([burn]);
    // A table has grown: all at once a run takes ten times as long.
    const grown = stream('burn', 10, 100, { runMs: () => 400 });
    for (let index = 0; index < 24; index++) pool.offer(grown);
    pool.advance(pool.now + 20_000);
    expect(pool.tallyOf(grown).dropped).toBeGreaterThan(0);
    expect(pool.tallyOf(grown).dropped + pool.tallyOf(grown).expired + pool.tallyOf(grown).done).toBe(24);
  });
});

test('a task whose turn comes after its deadline is not started', () => {
  const lanes = new Lanes({ threads: 1, maxQueue: 10 });
  const task = (deadlineAt: number) => ({ task: 'x', priority: 'normal' as const, queuedAt: 0, deadlineAt });
  const [first, second, third] = [task(10_000), task(100), task(101)] as const;
  for (const each of [first, second, third]) expect(lanes.push(each, 0)).toBeUndefined();
  expect(lanes.take(0)).toEqual({ task: first, turn: 'start' });
  lanes.ended(first, 100, false, 100);
  expect(lanes.take(100)).toEqual({ task: second, turn: 'expired' });
  expect(lanes.take(100)).toEqual({ task: third, turn: 'start' });
});

describe('the places', () => {
  test('are bounded', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1, maxQueue: 5 });
    const tiny = stream('tiny', 0.1, 50_000);
    pool.learn([tiny]);
    pool.play([tiny], 1_000);
    expect(pool.mostWaiting).toBe(5);
    expect(pool.tallyOf(tiny).refused).toBeGreaterThan(1_000);
  });

  test('go to the more important task: the newest of the least important makes room', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1, maxQueue: 3 });
    const [background, low, critical] = (['background', 'low', 'critical'] as const).map((priority) =>
      stream('tiny', 1, 0, { priority }),
    ) as [Stream, Stream, Stream];
    pool.learn([stream('tiny', 1, 0)]);
    pool.offer(low); // runs
    const waiting = [background, background, low].map((each) => pool.offer(each));
    const first = pool.offer(critical);
    expect([...pool.lanes].map(({ priority }) => priority)).toEqual(['background', 'low', 'critical']);
    expect([...pool.lanes][0]).toBe(waiting[0]);
    pool.offer(background);
    expect(pool.tallyOf(background).refused).toBe(2);
    const others = [critical, critical, critical].map((each) => pool.offer(each));
    // Not of an equal one.
    expect([...pool.lanes]).toEqual([first, ...others.slice(0, 2)]);
    expect(pool.tallyOf(critical).refused).toBe(1);
  });

  test('are for a task that must wait: with none at all one still runs when a thread is free', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1, maxQueue: 0 });
    pool.offer(stream('x', 10, 0));
    const second = stream('x', 10, 0);
    pool.offer(second);
    expect(pool.running.length).toBe(1);
    expect(pool.tallyOf(second).refused).toBe(1);
  });
});

describe('what is learned', () => {
  test('is the mean run time, and one run that hung does not make a quick name slow', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    const quick = stream('quick', 2, 100);
    expect(pool.lanes.runMs('quick')).toBeUndefined();
    pool.play([quick], 5_000);
    expect(pool.lanes.runMs('quick')).toBeCloseTo(2, 5);
    pool.offer(stream('quick', 2_000, 0));
    pool.advance(pool.now + 3_000);
    expect(pool.tallies.size).toBe(2);
    expect(pool.lanes.runMs('quick')).toBeLessThan(3);
  });

  test('of a run that was cut short: only that runs take longer than thought', () => {
    const lanes = new Lanes({ threads: 2, maxQueue: 10 });
    const task = { task: 'x', priority: 'normal', queuedAt: 0, deadlineAt: 5_000 } as const;
    const runs = (ranMs: number, cutShort: boolean): number | undefined => {
      lanes.push(task, 0);
      expect(lanes.take(0)?.turn).toBe('start');
      lanes.ended(task, ranMs, cutShort, 0);
      return lanes.runMs('x');
    };
    expect(runs(3, true)).toBeUndefined();
    expect(runs(100, false)).toBe(100);
    expect(runs(50, true)).toBe(100);
    expect(runs(300, true)).toBe(200);
  });

  test('is kept of a bounded number of names', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 1 });
    for (let index = 0; index <= MAX_NAMES; index++) {
      pool.offer(stream(`name-${index}`, 1, 0));
      pool.advance(pool.now + 2);
    }
    expect(pool.lanes.runMs('name-0')).toBeUndefined();
    expect(pool.lanes.runMs('name-1')).toBe(1);
    expect(pool.lanes.runMs(`name-${MAX_NAMES}`)).toBe(1);
  });
});

describe('the load ratio', () => {
  test.each([0.5, 3])('is the work of all that comes over the time of the threads, refused or not: %d', (load) => {
    const threads = 4;
    const pool = new SimulatedPool({ threads, seed: 2 });
    const streams = flood(threads, load, 10, 2);
    pool.learn(streams);
    pool.play(streams, 20_000);
    expect(pool.lanes.loadRatio(pool.now) / load).toBeGreaterThan(0.8);
    expect(pool.lanes.loadRatio(pool.now) / load).toBeLessThan(1.25);
    pool.advance(pool.now + 20_000);
    expect(pool.lanes.loadRatio(pool.now)).toBeLessThan(0.01);
  });

  test('counts those whom the gate turned away, and what the pool would refuse is known before', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 2 });
    const burn = stream('burn', 20, 0);
    pool.learn([burn]);
    expect(pool.lanes.refuses('burn', 'normal', 5_000, pool.now)).toBe(false);
    while (pool.tallyOf(burn).refused === 0) pool.offer(burn);
    expect(pool.lanes.refuses('burn', 'normal', 5_000, pool.now)).toBe(true);
    pool.advance(pool.now + 60_000);
    expect(pool.lanes.refuses('burn', 'normal', 5_000, pool.now)).toBe(false);
    for (let index = 0; index < 300; index++) {
      pool.advance(pool.now + 10);
      pool.lanes.turnedAway('burn', pool.now);
    }
    // 20 ms every 10 ms, for two threads.
    expect(pool.lanes.loadRatio(pool.now)).toBeGreaterThan(0.8);
  });

  test('of slow tasks counts the threads that they may have', () => {
    const pool = new SimulatedPool({ threads: 2, seed: 2 });
    const slow = stream('slow', 40, 50);
    pool.learn([slow]);
    pool.play([slow], 20_000);
    expect(pool.lanes.loadRatio(pool.now)).toBeGreaterThan(1.5);
  });
});
