import { describe, expect, test } from '@jest/globals';
import { healthOf, mergeFeatures, StatusTimes } from '../../../src/engine/primary/health.ts';
import { createLeases } from '../../../src/engine/primary/leases.ts';
import { createPurges } from '../../../src/engine/primary/purges.ts';

describe('leases', () => {
  test('one renders, the others wait and are named when it is done', () => {
    const leases = createLeases();
    expect([leases.ask('page', 1, 2_000, 0), leases.ask('page', 2, 2_000, 1), leases.ask('page', 3, 2_000, 2)]).toEqual(
      [true, false, false],
    );
    expect(leases.ownerOf('page')).toBe(1);
    expect(leases.release('page', 2)).toEqual([]);
    expect(leases.release('page', 1)).toEqual([2, 3]);
    expect(leases.ownerOf('page')).toBeUndefined();
  });

  test('the death of the owner frees its pages', () => {
    const leases = createLeases();
    leases.ask('a', 1, 2_000, 0);
    leases.ask('a', 2, 2_000, 0);
    leases.ask('b', 2, 2_000, 0);
    expect(leases.drop(1)).toEqual([['a', [2]]]);
    expect(leases.ask('a', 2, 2_000, 1)).toBe(true);
  });

  test('a lease that is not released in time goes to the next who asks', () => {
    const leases = createLeases();
    leases.ask('page', 1, 2_000, 0);
    expect(leases.ask('page', 2, 2_000, 1_999)).toBe(false);
    expect(leases.ask('page', 2, 2_000, 2_001)).toBe(true);
    expect(leases.release('page', 1)).toEqual([]);
    expect(leases.ownerOf('page')).toBe(2);
    // It waited itself before it took over.
    expect(leases.release('page', 2)).toEqual([]);
  });

  test('are bounded; one that was never released makes room when it is over, one in use does not', () => {
    const leases = createLeases();
    for (let n = 0; n < 10_000; n++) leases.ask(`page ${n}`, 1, n === 0 ? 50 : 2_000, 0);
    expect(leases.ask('too many', 2, 2_000, 49)).toBe(true);
    expect(leases.ownerOf('too many')).toBeUndefined();
    expect(leases.ask('too many', 2, 2_000, 50)).toBe(true);
    expect([leases.ownerOf('too many'), leases.ownerOf('page 0')]).toEqual([2, undefined]);
  });

  test('a waiter that died is told of nothing', () => {
    const leases = createLeases();
    for (const asker of [1, 2, 3]) leases.ask('page', asker, 2_000, 0);
    expect(leases.drop(2)).toEqual([]);
    expect(leases.release('page', 1)).toEqual([3]);
  });
});

describe('purges', () => {
  test('are done when all have answered or are gone, and at once when there is nobody', () => {
    const purges = createPurges();
    const done: string[] = [];
    purges.start('none', [], () => done.push('none'));
    purges.start('some', [1, 2], () => done.push('some'));
    purges.answered('some', 1);
    expect(done).toEqual(['none']);
    purges.gone(2);
    expect(done).toEqual(['none', 'some']);
    purges.answered('some', 2);
    expect(done).toHaveLength(2);
  });

  test('do not wait for ever', async () => {
    const done = await new Promise((resolve) => createPurges(10).start('slow', [1], () => resolve(true)));
    expect(done).toBe(true);
  });
});

describe('health', () => {
  const input = {
    mode: 'calm' as const,
    live: 2,
    spare: 0,
    min: 1,
    max: 2,
    lifeboat: false,
    features: [],
    maintenance: false,
    sinceOf: () => 0,
    uptimeSeconds: 12.34,
    version: '1',
  };
  test('tells since when it is so', () => {
    const times = new StatusTimes();
    expect([times.sinceOf('ok', 5), times.sinceOf('ok', 9), times.sinceOf('down', 12)]).toEqual([5, 5, 12]);
    expect(JSON.parse(healthOf({ ...input, sinceOf: () => 1_000 }).body).since).toBe('1970-01-01T00:00:01.000Z');
  });

  test('is 503 only when nobody serves', () => {
    expect(healthOf(input).status).toBe(200);
    expect(JSON.parse(healthOf(input).body)).toMatchObject({ status: 'ok', uptimeSeconds: 12.3 });
    expect(JSON.parse(healthOf({ ...input, lifeboat: true }).body)).toMatchObject({
      status: 'degraded',
      lifeboat: { active: true },
    });
    expect(healthOf({ ...input, mode: 'saturated' })).toMatchObject({ status: 200 });
    expect(JSON.parse(healthOf({ ...input, mode: 'saturated' }).body)).toMatchObject({ status: 'saturated' });
    expect(healthOf({ ...input, mode: 'down', live: 0 }).status).toBe(503);
  });

  test('fewer workers than wanted are degraded, and features of all workers are shown', () => {
    expect(JSON.parse(healthOf({ ...input, live: 0, min: 1 }).body)).toMatchObject({ status: 'degraded' });
    expect(JSON.parse(healthOf({ ...input, features: [{ a: 'ok' }, { b: 'ok' }] }).body)).toMatchObject({
      status: 'ok',
      features: { a: 'ok', b: 'ok' },
      workers: { live: 2, spare: 0, min: 1, max: 2 },
      lifeboat: { active: false },
    });
    expect(mergeFeatures([{ a: 'down' }, { a: 'degraded' }, { a: 'down' }])).toEqual({ a: 'degraded' });
  });

  test('a feature that is down on one worker only is degraded', () => {
    expect(
      mergeFeatures([
        { posts: 'ok', likes: 'down' },
        { posts: 'down', likes: 'down' },
      ]),
    ).toEqual({ posts: 'degraded', likes: 'down' });
    expect(JSON.parse(healthOf({ ...input, features: [{ posts: 'down' }] }).body)).toMatchObject({
      status: 'degraded',
    });
  });
});
