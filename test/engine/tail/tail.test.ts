import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { GateView } from '../../../src/engine/admission/gate.ts';
import { OF_ALL_PER_SECOND, tailShare } from '../../../src/engine/primary/tail-share.ts';
import { tailBatchSchema } from '../../../src/engine/tail/entry.ts';
import { queryNames, type Watched } from '../../../src/engine/tail/entry-of.ts';
import { BURST, FairShare, MAX_KINDS } from '../../../src/engine/tail/fair-share.ts';
import { MAX_BATCH, MAX_PER_SECOND, MAX_TAIL_TEXT } from '../../../src/engine/tail/limits.ts';
import { Tail } from '../../../src/engine/tail/tail.ts';
import { Way } from '../../../src/engine/tail/way.ts';
import { whyWords } from '../../../src/engine/tail/words.ts';

const watched = (more: Partial<Watched> = {}): Watched => ({
  method: 'GET',
  path: '/',
  query: '',
  route: '/',
  member: false,
  status: 200,
  use: 'bypass',
  ageMs: undefined,
  arrivedAt: performance.now(),
  way: new Way(),
  ...more,
});
const gate: GateView = {
  why: undefined,
  aheadMs: 0,
  laneMs: 0,
  placeMs: 0,
  needMs: 5,
  remainingMs: 2_000,
  boundMs: 200,
};

describe('what is told of thousands', () => {
  test('is so many a second at most, of however many kinds', () => {
    const share = new FairShare(20);
    let told = 0;
    for (let now = 0; now < 10_000; now += 0.5) if (share.takes(`kind ${now % 97}`, now)) told += 1;
    expect(told).toBeLessThanOrEqual(200 + BURST);
    expect(told).toBeGreaterThan(100);
    expect(share.kinds).toBeLessThanOrEqual(MAX_KINDS);
  });

  test('is fair: what seldom comes is seen among what always does', () => {
    const share = new FairShare(20);
    const told = { often: 0, seldom: 0 };
    for (let now = 0; now < 20_000; now += 0.25) {
      const kind = now % 1_000 === 517.25 ? 'seldom' : 'often';
      if (share.takes(kind, now)) told[kind] += 1;
    }
    expect(told.seldom).toBe(20);
    expect(told.often).toBeGreaterThan(100);
  });

  test('is a part of what the fleet tells, of one worker and of 64', () => {
    expect(tailShare(0)).toBe(MAX_PER_SECOND);
    expect(tailShare(1)).toBe(MAX_PER_SECOND);
    for (const workers of [4, 8, 64]) expect(workers * tailShare(workers)).toBeLessThanOrEqual(OF_ALL_PER_SECOND);
  });
});

describe('the tail of a worker', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('is closed until somebody watches, and closes by itself', () => {
    const tail = new Tail();
    expect(tail.open).toBe(false);
    tail.watch(1_000, 20);
    jest.advanceTimersByTime(800);
    tail.watch(1_000, 20);
    jest.advanceTimersByTime(800);
    expect(tail.open).toBe(true);
    jest.advanceTimersByTime(300);
    expect(tail.open).toBe(false);
    tail.watch(1_000, 20);
    tail.watch(0, 20);
    expect(tail.open).toBe(false);
  });

  test('keeps no more than one batch, says once that there is something, and nothing of the engine’s own paths', () => {
    const onFirst = jest.fn();
    const tail = new Tail(onFirst);
    tail.watch(60_000, 20);
    tail.note(watched({ use: 'engine' }));
    expect(tail.take()).toBeUndefined();
    for (let second = 0; second < 60; second++) {
      jest.advanceTimersByTime(1_000);
      tail.note(watched());
    }
    expect(onFirst).toHaveBeenCalledTimes(1);
    expect(JSON.parse(tail.take()!)).toHaveLength(MAX_BATCH);
    tail.watch(0, 20);
  });

  test('sends no more text than a message may have, and what is sent can be read', () => {
    const tail = new Tail();
    tail.watch(60_000, 20);
    const long = 'ö'.repeat(5_000);
    for (let count = 0; count < MAX_BATCH; count++) {
      jest.advanceTimersByTime(3_000);
      const way = new Way();
      way.atGate({ ...gate, aheadMs: 3_100 });
      way.readyAt = performance.now();
      way.refused('late');
      const tasks = Array.from({ length: 50 }, () => long);
      const flight = { startedAt: performance.now(), inFlightAtStart: 1, poolMs: 3, tasks, job: {}, placed: true };
      way.work = { queuedAt: performance.now() - 5, flight };
      const arrivedAt = performance.now() - 90_000;
      tail.note(
        watched({
          method: long,
          path: `/${long}`,
          query: `${long}=1&`.repeat(90),
          route: long,
          use: 'refused',
          status: 503,
          arrivedAt,
          way,
        }),
      );
    }
    const text = tail.take()!;
    expect(text.length).toBeLessThanOrEqual(MAX_TAIL_TEXT);
    expect(tailBatchSchema.parse(JSON.parse(text))).toHaveLength(MAX_BATCH);
    tail.watch(0, 20);
  });
});

describe('a query', () => {
  test('is told by its names only, of which there are six', () => {
    expect(queryNames('')).toBe('');
    expect(queryNames('page=2&q=my%20secret')).toBe('page=…&q=…');
    expect(queryNames('3f2a77c1b0d94e0e&a=1')).toBe('…&a=…');
    expect(queryNames('k3y9d8f7s6d5f4=x')).toBe('…');
    expect(queryNames('a=1&'.repeat(50))).toBe('a=…&a=…&a=…&a=…&a=…&a=…');
  });
});

describe('why there was no room', () => {
  const at = (more: Partial<GateView>, why?: Way['why']): string => {
    const way = new Way();
    way.atGate({ ...gate, ...more });
    if (why !== undefined) way.refused(why);
    return whyWords(way, 400, 500);
  };

  test('is told with what was ahead and the deadline', () => {
    expect(at({ why: 'deadline', aheadMs: 3_100, needMs: 0 })).toBe('3.1 s of work ahead, deadline 2.0 s');
    expect(at({ why: 'deadline', aheadMs: 3_000, laneMs: 100 }, 'deadline')).toBe(
      '3.1 s of work ahead and 5.0 ms of its own, deadline 2.0 s',
    );
    expect(at({ why: 'queue', aheadMs: 900 })).toBe('900 ms of work ahead, and at most 200 ms may be');
    expect(at({ why: 'concurrency', placeMs: 700 })).toContain('about 700 ms');
    expect(at({ why: 'concurrency', placeMs: Number.POSITIVE_INFINITY })).toContain('too many wait for one');
    expect(at({ why: 'pool', laneMs: Number.POSITIVE_INFINITY })).toContain('thread pool');
  });

  test('names what came after the gate had let it in', () => {
    expect(at({}, 'codel')).toContain('400 ms in the queue');
    expect(at({}, 'expired')).toBe('500 ms waited in vain, deadline 2.0 s');
    expect(at({}, 'queue')).toContain('after all');
    expect(at({}, 'renders')).toContain('could not be rendered');
    // A render that the gate refused is told by what the gate saw.
    expect(at({ why: 'queue', aheadMs: 900 }, 'renders')).toContain('900 ms of work ahead');
  });

  test('is empty where there was room', () => {
    expect(at({})).toBe('');
  });
});
