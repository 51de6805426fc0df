import { describe, expect, test } from '@jest/globals';
import { AdaptiveLimit } from '../../../src/engine/admission/adaptive-limit.ts';
import { type Lanes, RouteWork } from '../../../src/engine/admission/route-work.ts';

const route = (places: number): RouteWork =>
  new RouteWork(new AdaptiveLimit({ initial: places, min: places, max: places }));
const begin = (work: RouteWork, now: number, job: object = {}) => work.started(job, now, true);

describe('the work of a route', () => {
  test('costs 1 ms before anything was measured, then what its last seconds did', () => {
    const work = route(1);
    expect(work.costMs).toBe(1);
    work.observeCost(20, 0);
    expect(work.costMs).toBe(20);
    for (let now = 0; now <= 60_000; now += 100) work.observeCost(5, now);
    expect(work.costMs).toBeCloseTo(5, 1);
  });

  test('has room up to its limit; who finds none waits in order, and a freed place is kept for the next', () => {
    const work = route(2);
    const flight = begin(work, 0);
    begin(work, 0);
    expect(work.hasRoom()).toBe(false);
    expect(work.unparkNext()).toBeUndefined();
    const [first, second, third] = [{}, {}, {}];
    for (const waiting of [first, second, third]) work.park(waiting);
    expect(work.unpark(second)).toBe(true);
    expect(work.unpark(second)).toBe(false);
    work.ended(flight, 10, false);
    expect(work.unparkNext()).toBe(first);
    expect(work.waiting).toBe(1);
    expect([work.hasRoom(), work.hasRoom(first), work.unparkNext()]).toEqual([false, true, undefined]);
    work.giveBack(first);
    expect(work.unparkNext()).toBe(third);
  });

  test('knows when a place becomes free: when the one that was taken first is done, then the next', () => {
    const work = route(2);
    work.observeCost(0, 0);
    work.ended(begin(work, 0), 100, false);
    expect(work.placeWaitMs(100)).toBe(0);
    begin(work, 100);
    begin(work, 150);
    expect(work.placeWaitMs(160)).toBeCloseTo(40);
    work.park({});
    expect(work.placeWaitMs(160)).toBeCloseTo(90);
    work.park({});
    // Nobody knows when a third place becomes free: one must first begin and end.
    expect(work.placeWaitMs(160)).toBe(Number.POSITIVE_INFINITY);
  });

  test('what never ended yet may take as long again as it has', () => {
    const work = route(1);
    begin(work, 0);
    expect(work.placeWaitMs(300)).toBe(300);
  });

  test('waits 250 ms for a place at most, or until 12 have become free', () => {
    const quick = route(256);
    quick.ended(begin(quick, 0), 1_000, false);
    expect(quick.placeBoundMs()).toBe(250);
    const few = route(2);
    few.ended(begin(few, 0), 400, false);
    expect(few.placeBoundMs()).toBeGreaterThan(2_000);
  });

  test('learns its tasks, and forgets those that it no longer runs', () => {
    const lanes: Lanes = {
      expectedWaitMs: (task) => (task === 'hash' ? 70 : 5),
      runMs: () => 30,
      refuses: (task) => task === 'full',
      turnedAway: () => {},
    };
    const work = route(10);
    const run = (...tasks: string[]): void => {
      const flight = begin(work, 0);
      flight.tasks.push(...tasks);
      work.ended(flight, 0, false);
    };
    expect(work.laneWaitMs(lanes, 'normal')).toBe(0);
    run('hash', 'write');
    expect(work.laneWaitMs(lanes, 'normal')).toBe(75);
    expect(work.needMs(lanes)).toBeCloseTo(61);
    for (let n = 0; n < 10; n++) run('write');
    expect(work.laneWaitMs(lanes, 'normal')).toBe(5);
    run('full');
    expect(work.laneWaitMs(lanes, 'normal')).toBe(Number.POSITIVE_INFINITY);
  });

  test('learns no more than eight tasks', () => {
    const work = route(10);
    const flight = begin(work, 0);
    for (let n = 0; n < 100; n++) flight.tasks.push(`task ${n}`);
    work.ended(flight, 0, false);
    expect(
      work.laneWaitMs(
        { expectedWaitMs: () => 1, runMs: () => 1, refuses: () => false, turnedAway: () => {} },
        'normal',
      ),
    ).toBe(8);
  });
});
