import { describe, expect, test } from '@jest/globals';
import { AdaptiveLimit } from '../../../src/engine/admission/adaptive-limit.ts';
import { Dispatcher, type SiteJob } from '../../../src/engine/admission/dispatcher.ts';
import { type Lanes, RouteWork } from '../../../src/engine/admission/route-work.ts';
import { WorkUnit } from '../../../src/engine/admission/work-unit.ts';
import type { Priority } from '../../../src/engine/site.ts';

const FLOORS = { critical: 200, normal: 100, low: 50, background: 20 };

/** A dispatcher on the real event loop with a clock that only jobs move. */
function set(options: { dryRun?: boolean; maxStreams?: number; lanes?: Lanes; unit?: WorkUnit } = {}) {
  const clock = { now: 1_000 };
  const refused: string[] = [];
  const dispatcher = new Dispatcher({
    floors: FLOORS,
    deadlineMs: 2_000,
    maxStreams: options.maxStreams ?? 2,
    dryRun: options.dryRun ?? false,
    ...(options.lanes === undefined ? {} : { lanes: options.lanes }),
    ...(options.unit === undefined ? {} : { unit: options.unit }),
    now: () => clock.now,
    onRefusal: (priority, why, dryRun) => refused.push(`${priority} ${why}${dryRun ? ' dry' : ''}`),
  });
  const work = new RouteWork(new AdaptiveLimit({ initial: 16, min: 1, max: 16 }));
  work.observeCost(10, clock.now);
  const ran: string[] = [];
  const job = (name: string, priority: Priority = 'normal', more: Partial<SiteJob> = {}): SiteJob => ({
    priority,
    costMs: 10,
    queuedAt: clock.now,
    deadlineAt: clock.now + 2_000,
    boundMs: 0,
    work,
    run() {
      ran.push(name);
      clock.now += 10;
      return Promise.resolve('done');
    },
    refuse: (why) => ran.push(`${name} ${why}`),
    ...more,
  });
  return { clock, dispatcher, job, ran, refused, work };
}

const turns = async (count = 200): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('the dispatcher', () => {
  test('gives each priority its share, each first in first out', async () => {
    const { dispatcher, job, ran } = set();
    for (const [name, priority] of [
      ['low 1', 'low'],
      ['low 2', 'low'],
      ['normal 1', 'normal'],
      ['critical 1', 'critical'],
      ['critical 2', 'critical'],
    ] as const) {
      expect(dispatcher.offer(job(name, priority))).toBeUndefined();
    }
    await turns();
    expect(ran).toEqual(['critical 1', 'normal 1', 'low 1', 'critical 2', 'low 2']);
  });

  test('lets in work up to the bound of a priority, and then refuses; what is refused counts as load', () => {
    const { dispatcher, job, refused, work } = set();
    let admitted = 0;
    while (dispatcher.offer(job('low', 'low')) === undefined) admitted += 1;
    // 50 ms of bound hold six jobs of 10 ms: the sixth finds 50 ms ahead.
    expect(admitted).toBe(6);
    expect(refused).toEqual(['low queue']);
    const before = dispatcher.gate.loadRatio;
    expect(dispatcher.refusesEarly('low', work, 2_000)).toBe(true);
    expect(dispatcher.gate.loadRatio).toBeGreaterThan(before);
    expect(dispatcher.wouldRefuse('low', work, 2_000)).toBe(true);
    expect(dispatcher.wouldRefuse('critical', work, 2_000)).toBe(false);
    expect(refused).toEqual(['low queue', 'low queue']);
  });

  test('tells those that came last that there is no room, as soon as a surge makes the bound too short for them', async () => {
    const unit = new WorkUnit();
    unit.observe(100, 1_000);
    const { dispatcher, job, ran } = set({ unit });
    const dear = (name: string): SiteJob => job(name, 'normal', { costMs: 100 });
    // In calm as much may be ahead as half of the deadline, a second of work.
    for (let n = 0; n <= 10; n++) expect(dispatcher.offer(dear(`calm ${n}`))).toBeUndefined();
    // With so much more the load is twice what can be done, and the bound four jobs.
    for (let n = 0; n < 20; n++) expect(dispatcher.offer(dear('more'))).toBe('queue');
    expect(ran).toEqual(['calm 10 queue', 'calm 9 queue']);
    await turns();
    expect(ran.slice(2)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => `calm ${n}`));
  });

  test('waits for arriving visitors before the next job, but not for ever', async () => {
    const { dispatcher, job, ran } = set();
    dispatcher.offer(job('job'));
    for (let turn = 0; turn < 20; turn++) {
      dispatcher.noteArrival(0.05);
      await turns(1);
    }
    expect(ran).toEqual([]);
    for (let turn = 0; turn < 100; turn++) {
      dispatcher.noteArrival(0.05);
      await turns(1);
    }
    expect(ran).toEqual(['job']);
  });

  test('drops what is past its deadline, and what nobody waits for any more costs nothing', async () => {
    const { clock, dispatcher, job, ran, refused } = set();
    const gone = job('gone');
    dispatcher.offer(job('late', 'normal', { deadlineAt: clock.now + 5 }));
    dispatcher.offer(gone);
    dispatcher.offer(job('last'));
    dispatcher.cancel(gone);
    expect(dispatcher.queue.length).toBe(2);
    clock.now += 6;
    await turns();
    expect(ran).toEqual(['late expired', 'last']);
    expect(refused).toEqual(['normal expired']);
  });

  test('refuses what cannot be done before its deadline behind what is queued', () => {
    const { clock, dispatcher, job } = set();
    for (let n = 0; n < 5; n++) dispatcher.offer(job('queued'));
    expect(dispatcher.offer(job('short', 'normal', { deadlineAt: clock.now + 40 }))).toBe('deadline');
  });

  test('a dry run counts and refuses nothing', async () => {
    const { dispatcher, job, ran, refused } = set({ dryRun: true });
    for (let n = 0; n < 30; n++) expect(dispatcher.offer(job('job', 'low'))).toBeUndefined();
    await turns(3_000);
    expect(ran.filter((name) => name === 'job')).toHaveLength(30);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((line) => line.endsWith('dry'))).toBe(true);
  });

  test('jobs of a route that wait for something leave the loop to others, up to the limit of the route', async () => {
    const { dispatcher, job, ran, work } = set();
    const ends: (() => void)[] = [];
    const slow = (name: string): SiteJob =>
      job(name, 'normal', {
        costMs: 0.1,
        run() {
          ran.push(name);
          return new Promise((resolve) => ends.push(() => resolve('done')));
        },
      });
    for (let n = 0; n < 20; n++) dispatcher.offer(slow(`slow ${n}`));
    await turns(500);
    expect(ran).toHaveLength(16);
    expect([dispatcher.inFlight, work.waiting]).toEqual([16, 4]);
    for (const end of ends.splice(0)) end();
    await turns(500);
    expect(ran).toHaveLength(20);
  });
});

describe('jobs that wait for a place of their route', () => {
  /** A route with one place, a job in it, and two that wait for it. */
  async function parked(more: Partial<SiteJob> = {}) {
    const place = set();
    const work = new RouteWork(new AdaptiveLimit({ initial: 1, min: 1, max: 1 }));
    const end: { now?: () => void } = {};
    const first = place.job('first', 'normal', {
      work,
      costMs: 0.1,
      run() {
        place.ran.push('first');
        return new Promise((resolve) => {
          end.now = () => resolve('done');
        });
      },
    });
    const second = place.job('second', 'normal', { work, costMs: 0.1, ...more });
    const third = place.job('third', 'normal', { work, costMs: 0.1 });
    for (const job of [first, second, third]) expect(place.dispatcher.offer(job)).toBeUndefined();
    await turns();
    expect(place.ran).toEqual(['first']);
    expect(work.waiting).toBe(2);
    return { ...place, work, end: () => end.now?.(), second, third };
  }

  test('go on when the one before them is past its deadline', async () => {
    const { clock, ran, end, work } = await parked({ deadlineAt: 1_500 });
    clock.now = 1_600;
    end();
    await turns();
    expect(ran).toEqual(['first', 'second expired', 'third']);
    expect(work.waiting).toBe(0);
  });

  test('go on when the one that was to take the place leaves', async () => {
    const { dispatcher, ran, end, second } = await parked();
    end();
    // Its turn has come, but it has not begun.
    while (!dispatcher.queue.has(second)) await Promise.resolve();
    dispatcher.cancel(second);
    await turns();
    expect(ran).toEqual(['first', 'third']);
  });

  test('leave without a trace', async () => {
    const { dispatcher, ran, end, second, third, work } = await parked();
    dispatcher.cancel(third);
    dispatcher.cancel(second);
    expect([dispatcher.queue.has(second), dispatcher.queue.has(third), work.waiting]).toEqual([false, false, 0]);
    end();
    await turns();
    expect(ran).toEqual(['first']);
    expect(dispatcher.inFlight).toBe(0);
  });

  test('are not dropped for that wait, which is no delay of the queue', async () => {
    const { clock, dispatcher, ran, end, second } = await parked();
    clock.now += 1_000;
    end();
    while (!dispatcher.queue.has(second)) await Promise.resolve();
    expect(dispatcher.queue.oldestQueuedAt()).toBe(clock.now);
    await turns();
    expect(ran).toEqual(['first', 'second', 'third']);
  });
});

describe('the cost of a route', () => {
  test('is the time until the loop turns again, less what arriving visitors took of it', async () => {
    const { clock, dispatcher, job, work } = set();
    const route = new RouteWork(new AdaptiveLimit({ initial: 16, min: 1, max: 16 }));
    dispatcher.offer(
      job('dear', 'normal', {
        work: route,
        run() {
          clock.now += 30;
          // After its first await the listener works on, and a visitor arrives.
          return Promise.resolve().then(() => {
            clock.now += 12;
            clock.now += 5;
            dispatcher.noteArrival(5);
            return 'done';
          });
        },
      }),
    );
    await turns();
    expect(route.costMs).toBeCloseTo(42, 6);
    expect(work.costMs).toBe(10);
  });
});

describe('a standing queue', () => {
  test('that the gate lets in is left alone', async () => {
    const { clock, dispatcher, job, refused } = set();
    let left = 300;
    // Each that runs brings another: all wait for 100 ms, the bound of the gate.
    const again = (): SiteJob =>
      job('again', 'normal', {
        run() {
          clock.now += 10;
          left -= 1;
          if (left > 0) dispatcher.offer(again());
          return Promise.resolve('done');
        },
      });
    for (let n = 0; n < 10; n++) dispatcher.offer(again());
    await turns(10_000);
    expect([left, refused]).toEqual([-9, []]);
  });

  test('is cut by CoDel, one job at a time, and each that is dropped is told', async () => {
    const { dispatcher, job, ran, refused, clock } = set();
    // Announced as cheap, so that the gate lets them in, and really dear.
    for (let n = 0; n < 200; n++)
      expect(
        dispatcher.offer(
          job(`job`, 'normal', {
            costMs: 0.1,
            deadlineAt: clock.now + 60_000,
            run() {
              ran.push('job');
              clock.now += 20;
              return Promise.resolve('done');
            },
          }),
        ),
      ).toBeUndefined();
    await turns(10_000);
    const dropped = ran.filter((line) => line === 'job codel').length;
    expect(dropped).toBeGreaterThan(5);
    expect(refused).toEqual(Array.from({ length: dropped }, () => 'normal codel'));
    expect(ran.filter((line) => line === 'job')).toHaveLength(200 - dropped);
    expect([dispatcher.inFlight, dispatcher.queue.length]).toEqual([0, 0]);
  });
});

describe('a place of a route', () => {
  /** A route with so many places, and jobs in it that end when told to. */
  function slowRoute(places: number, options: Parameters<typeof set>[0] = {}) {
    const place = set(options);
    const work = new RouteWork(new AdaptiveLimit({ initial: places, min: places, max: places }));
    const ends: (() => void)[] = [];
    const slow = (name: string, more: Partial<SiteJob> = {}): SiteJob =>
      place.job(name, 'normal', {
        work,
        costMs: 0.1,
        run() {
          place.ran.push(name);
          return new Promise((resolve) => ends.push(() => resolve('done')));
        },
        ...more,
      });
    return { ...place, work, ends, slow };
  }

  test('that becomes free too late is refused at once, and one that is free soon is waited for', async () => {
    const { clock, dispatcher, refused, slow, work, ends } = slowRoute(1);
    dispatcher.offer(slow('first'));
    await turns();
    clock.now += 1_000;
    for (const end of ends.splice(0)) end();
    await turns();
    dispatcher.offer(slow('second'));
    await turns();
    // It takes a second, and has just begun; 12 such places in a row are a burst, not a surge, but over the deadline.
    expect(dispatcher.offer(slow('third', { deadlineAt: clock.now + 500 }))).toBe('concurrency');
    clock.now += 900;
    expect(work.placeWaitMs(clock.now)).toBeCloseTo(100, -1);
    expect(dispatcher.offer(slow('fourth'))).toBeUndefined();
    expect(refused).toEqual(['normal concurrency']);
  });

  test('does not become free for as many as were foretold: whoever waits is told in time', async () => {
    const { dispatcher, ran, refused, slow, work } = slowRoute(1);
    dispatcher.offer(slow('first'));
    dispatcher.offer(slow('second'));
    await turns();
    expect(work.waiting).toBe(1);
    // Real time passes here: the bound of a wait is 250 ms, and half as much again.
    for (const end = performance.now() + 30_000; refused.length === 0 && performance.now() < end; )
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(refused).toEqual(['normal concurrency']);
    expect(ran).toEqual(['first', 'second concurrency']);
    expect(work.waiting).toBe(0);
  });

  test('is not taken by a newcomer before those who wait for it', async () => {
    const { dispatcher, ran, slow, ends } = slowRoute(1);
    dispatcher.offer(slow('first'));
    dispatcher.offer(slow('second'));
    await turns();
    ends.shift()!();
    // The second goes on in the queue, behind a newcomer of a higher priority.
    await Promise.resolve();
    dispatcher.offer(slow('newcomer', { priority: 'critical' }));
    await turns();
    expect(ran).toEqual(['first', 'second']);
    ends.shift()!();
    await turns();
    expect(ran).toEqual(['first', 'second', 'newcomer']);
  });

  test('is given back by an answer that streams, up to the bound of streams', async () => {
    const { dispatcher, ran, refused, slow, work } = slowRoute(1, { maxStreams: 2 });
    for (let n = 0; n < 3; n++) {
      dispatcher.offer(slow(`stream ${n}`, { isStreaming: () => true }));
      await turns();
    }
    // Two have given their places back, the third holds the one there is.
    expect(ran).toEqual(['stream 0', 'stream 1', 'stream 2']);
    expect([dispatcher.streams, dispatcher.inFlight, work.inFlight]).toEqual([2, 1, 1]);
    dispatcher.offer(slow('one too many'));
    await turns();
    expect([ran.length, work.waiting]).toEqual([3, 1]);
    expect(refused).toEqual([]);
  });

  test('that streams give back is for those who wait for it, not for a newcomer', async () => {
    const { dispatcher, ran, slow, work } = slowRoute(2, { maxStreams: 2 });
    let streams = false;
    for (const name of ['a', 'b', 'waits', 'waits too']) dispatcher.offer(slow(name, { isStreaming: () => streams }));
    await turns();
    expect([ran, work.waiting]).toEqual([['a', 'b'], 2]);
    streams = true;
    dispatcher.offer(slow('newcomer', { priority: 'critical' }));
    await turns();
    expect([ran, work.waiting]).toEqual([['a', 'b', 'waits', 'waits too'], 1]);
  });

  test('is taken by as many of those who wait as the limit has grown by', async () => {
    const { clock, dispatcher, ran, job } = set();
    const limiter = { limit: 1, observe: () => (limiter.limit = 3) } as unknown as AdaptiveLimit & { limit: number };
    const work = new RouteWork(limiter);
    const ends: (() => void)[] = [];
    for (const name of ['first', 'second', 'third', 'fourth', 'fifth'])
      dispatcher.offer(
        job(name, 'normal', {
          work,
          costMs: 0.1,
          run() {
            ran.push(name);
            return new Promise((resolve) => ends.push(() => resolve('done')));
          },
        }),
      );
    await turns();
    expect([ran, work.waiting]).toEqual([['first'], 4]);
    clock.now += 10;
    ends.shift()!();
    await turns();
    expect([ran, work.waiting]).toEqual([['first', 'second', 'third', 'fourth'], 1]);
  });

  test('is not needed by what has no deadline; such streams have their bound, and end', async () => {
    const { dispatcher, ran, refused, slow, ends } = slowRoute(1, { maxStreams: 2 });
    const open = { deadlineAt: Number.POSITIVE_INFINITY };
    for (let n = 0; n < 2; n++) dispatcher.offer(slow(`events ${n}`, open));
    dispatcher.offer(slow('page'));
    await turns();
    expect(ran).toEqual(['events 0', 'events 1', 'page']);
    expect([dispatcher.streams, dispatcher.inFlight]).toEqual([2, 1]);
    expect(dispatcher.offer(slow('events 2', open))).toBe('streams');
    for (const end of ends.splice(0)) end();
    await turns();
    expect([dispatcher.streams, dispatcher.inFlight]).toEqual([0, 0]);
    expect(dispatcher.offer(slow('events 3', open))).toBeUndefined();
    expect(refused).toEqual(['normal streams']);
  });
});

describe('a route that uses the pool', () => {
  test('is refused on arrival when its task would be, or would start too late', async () => {
    const lanes = { waitMs: 0, full: false };
    const { clock, dispatcher, job, refused } = set({
      lanes: { expectedWaitMs: () => lanes.waitMs, runMs: () => 30, refuses: () => lanes.full, turnedAway: () => {} },
    });
    const work = new RouteWork(new AdaptiveLimit({ initial: 16, min: 1, max: 16 }));
    const pooled = (more: Partial<SiteJob> = {}): SiteJob =>
      job('pooled', 'normal', {
        work,
        costMs: 0.1,
        run(flight) {
          flight.tasks.push('hash');
          flight.poolMs = 30;
          return Promise.resolve('done');
        },
        ...more,
      });
    dispatcher.offer(pooled());
    await turns();
    lanes.full = true;
    expect(dispatcher.offer(pooled())).toBe('pool');
    lanes.full = false;
    lanes.waitMs = 100;
    expect(dispatcher.offer(pooled({ deadlineAt: clock.now + 129 }))).toBe('deadline');
    expect(dispatcher.offer(pooled({ deadlineAt: clock.now + 200 }))).toBeUndefined();
    expect(refused).toEqual(['normal pool', 'normal deadline']);
  });
});
