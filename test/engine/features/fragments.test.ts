import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type CurrentRequest, currentRequest } from '../../../src/engine/current-request.ts';
import { createFragments } from '../../../src/engine/features/fragments.ts';
import { createSiteParts } from '../../../src/engine/features/site-parts.ts';

const boom = (): never => {
  throw new Error('boom');
};
let now = 1_000_000;
const make = (options = {}) =>
  createFragments((name) => createSiteParts().feature(name), { now: () => now, ...options });

describe('a part of a page', () => {
  test('is made once for its time, and anew after it', async () => {
    const { fragment } = make();
    let made = 0;
    const counts = () => fragment('counts', { ttlMs: 1_000 }, () => ++made);
    expect(await counts()).toEqual({ state: 'fresh', value: 1, ageMs: 0 });
    now += 999;
    expect(await counts()).toEqual({ state: 'fresh', value: 1, ageMs: 999 });
    now += 1;
    expect(await counts()).toEqual({ state: 'fresh', value: 2, ageMs: 0 });
  });

  test('that fails is shown from its last good copy with its age, and the page is good for a moment only', async () => {
    const { fragment } = make();
    await fragment('counts', { ttlMs: 1_000 }, () => 'old');
    now += 5_000;
    const current: CurrentRequest = { priority: 'low', flight: undefined };
    const result = await currentRequest.run(current, () => fragment('counts', { ttlMs: 1_000 }, boom));
    expect(result).toMatchObject({ state: 'stale', value: 'old', ageMs: 5_000 });
    expect(current.degraded).toBe(true);
    // For a second nobody waits for another failure.
    const next = await fragment('counts', { ttlMs: 1_000 }, () => 'new');
    expect(next).toMatchObject({ state: 'stale', value: 'old' });
    now += 1_000;
    expect(await fragment('counts', { ttlMs: 1_000 }, () => 'new')).toMatchObject({ state: 'fresh', value: 'new' });
  });

  test('that was never made is missing when it fails', async () => {
    expect(await make().fragment('x', { ttlMs: 1_000 }, boom)).toMatchObject({ state: 'missing', value: undefined });
  });

  test('that is late is left out, and what it gives in the end is the copy of the next page', async () => {
    const { fragment } = make();
    const slow = () => wait(60).then(() => 'late');
    expect((await fragment('x', { ttlMs: 5_000, deadlineMs: 10 }, slow)).state).toBe('missing');
    await wait(80);
    expect(await fragment('x', { ttlMs: 5_000 }, boom)).toMatchObject({ state: 'fresh', value: 'late' });
  });

  test('is made by one for all who want it at once; each key has its own', async () => {
    const { fragment } = make();
    let made = 0;
    const get = (key: number) =>
      fragment('x', { ttlMs: 1_000, key }, async () => {
        made += 1;
        await wait(5);
        return key;
      });
    expect((await Promise.all([get(1), get(1), get(2)])).map(({ value }) => value)).toEqual([1, 1, 2]);
    expect(made).toBe(2);
  });

  test('is made anew after a purge of its tag: soft keeps the copy for need, hard does not', async () => {
    const { fragment, purge } = make();
    const options = { ttlMs: 60_000, tags: ['posts'] };
    await fragment('x', options, () => 1);
    purge(['other'], false);
    expect((await fragment('x', options, () => 2)).value).toBe(1);
    purge(['posts'], false);
    expect(await fragment('x', { ...options, ttlMs: 0 }, boom)).toMatchObject({ state: 'stale', value: 1 });
    purge(['posts'], true);
    expect((await fragment('x', { ...options, ttlMs: 0 }, boom)).state).toBe('missing');
  });

  test('that was begun before a purge is not fresh after it', async () => {
    const { fragment, purge } = make();
    const options = { ttlMs: 60_000, tags: ['posts'] };
    const first = fragment('x', options, () => wait(20).then(() => 'before'));
    purge(['posts'], false);
    expect((await first).value).toBe('before');
    expect((await fragment('x', options, () => 'after')).value).toBe('after');
  });

  test('keeps a bounded number of copies, and bytes', async () => {
    const parts = make({ maxCopies: 3, maxBytes: 1_000 });
    for (let key = 0; key < 10; key++) await parts.fragment('x', { ttlMs: 1_000, key }, () => 'text');
    expect(parts.size.copies).toBe(3);
    const large = make({ maxBytes: 1_000 });
    for (let key = 0; key < 10; key++) await large.fragment('y', { ttlMs: 1_000, key }, () => 'x'.repeat(120));
    expect(large.size).toEqual({ copies: 4, bytes: 960 });
    await large.fragment('z', { ttlMs: 1_000 }, () => 'x'.repeat(1_000));
    expect(large.size.copies).toBe(4);
  });
});
