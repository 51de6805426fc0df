import { beforeEach, describe, expect, test } from '@jest/globals';
import { ALL_PAGES } from '../../../src/engine/cache/make-page.ts';
import { PageMemory } from '../../../src/engine/cache/memory.ts';
import type { Page } from '../../../src/engine/cache/page.ts';
import { Entries, MAX_TAGS } from '../../../src/engine/next/entries.ts';

let now: number;
let store: Map<string, Page>;
let workers: { entries: Entries; memory: PageMemory }[];
let purges: (readonly string[])[];

/** A worker on the shared store; what it purges reaches all workers, as by the purger. */
function worker(): Entries {
  const memory = new PageMemory({ maxBytes: 1_000_000, maxEntryBytes: 1_000_000 });
  const entries = new Entries(
    {
      memory,
      read: (key) => store.get(key),
      put: (page) => store.set(page.key, page),
      async purge(tags) {
        purges.push(tags);
        for (const one of workers) {
          one.memory.purge(tags, false, now);
          one.entries.forget(tags);
        }
        for (const page of store.values())
          if (page.tags.some((tag) => tags.includes(tag))) store.set(page.key, { ...page, purged: true });
      },
    },
    () => now,
  );
  workers.push({ entries, memory });
  return entries;
}

beforeEach(() => {
  now = 1_000_000;
  store = new Map();
  workers = [];
  purges = [];
});

describe('the cache of an app on the page store', () => {
  test('gives what another worker put, with its maps and buffers', () => {
    worker().set('a', { map: new Map([['x', Buffer.from('y')]]) }, { tags: ['t'], madeAt: now });
    const found = worker().get('a');
    expect(found).toEqual({ value: { map: new Map([['x', Buffer.from('y')]]) }, madeAt: now, stale: false });
  });

  test('what one worker revalidates is stale in the others, or gone', async () => {
    const [one, other] = [worker(), worker()];
    one.set('a', 1, { tags: ['t'], madeAt: now });
    expect(other.get('a')?.stale).toBe(false);
    now += 10;
    await one.revalidate(['t'], 60);
    expect([one.get('a')?.stale, other.get('a')?.stale]).toEqual([true, true]);
    now += 60_000;
    expect(other.get('a')).toBeUndefined();
    one.set('a', 2, { tags: ['t'], madeAt: now });
    expect(other.get('a')).toMatchObject({ value: 2, stale: false });
    await other.revalidate(['t'], undefined);
    expect(one.get('a')).toBeUndefined();
  });

  test('a tag that is not of the entry itself counts, after a restart too', async () => {
    const before = worker();
    before.set('a', 1, { tags: [], madeAt: now });
    expect(before.get('a', ['_N_T_/posts'])).toBeDefined();
    now += 10;
    await before.revalidate(['_N_T_/posts'], undefined);
    expect(before.get('a', ['_N_T_/posts'])).toBeUndefined();
    const after = worker();
    expect(after.get('a', ['_N_T_/posts'])).toBeUndefined();
    expect(after.lastExpiry(['_N_T_/posts', 'other'])).toBe(now);
    expect(after.get('a', ['_N_T_/others'])).toBeDefined();
  });

  test('what began before a revalidation is not good after it', async () => {
    const entries = worker();
    const madeAt = now;
    now += 10;
    await entries.revalidate(['t'], undefined);
    entries.set('a', 'old', { tags: ['t'], madeAt });
    expect(entries.get('a')).toBeUndefined();
  });

  test('a later softer revalidation does not bring back what was taken back', async () => {
    const entries = worker();
    entries.set('a', 1, { tags: [], madeAt: now });
    now += 10;
    await entries.revalidate(['t'], undefined);
    now += 10;
    await entries.revalidate(['t'], 3_600);
    expect(entries.stateOf(['t'], 1_000_000)).toBe('expired');
    expect(entries.stateOf(['t'], now - 5)).toBe('stale');
    expect(entries.stateOf(['t'], now + 1)).toBe('good');
  });

  test("a path's page is purged with it, and an operator who purges all means these, too", async () => {
    const entries = worker();
    await entries.revalidate(['_N_T_/posts'], undefined);
    expect(purges).toEqual([['_N_T_/posts', 'path /posts']]);
    now += 10;
    entries.set('a', 1, { tags: [], madeAt: now });
    workers[0]!.memory.purge([ALL_PAGES], false, now);
    expect(entries.get('a')?.stale).toBe(true);
  });

  test('what another worker made anew is taken in the place of an older copy, when that is due', () => {
    const [one, other] = [worker(), worker()];
    one.set('a', 1, { tags: [], madeAt: now, revalidateS: 10, expireS: 60 });
    expect(other.get('a')?.value).toBe(1);
    now += 5_000;
    one.set('a', 2, { tags: [], madeAt: now, revalidateS: 10, expireS: 60 });
    expect(other.get('a')?.value).toBe(1);
    now += 6_000;
    expect(other.get('a')?.value).toBe(2);
  });

  test('over the bound of tags in memory the store is asked', async () => {
    const entries = worker();
    await entries.revalidate(
      Array.from({ length: MAX_TAGS + 1 }, (_, n) => `t${n}`),
      undefined,
    );
    const asked: string[] = [];
    const { get } = store;
    store.get = (key) => {
      asked.push(key);
      return get.call(store, key);
    };
    expect([entries.lastExpiry(['t1']), entries.lastExpiry(['t0'])]).toEqual([now, now]);
    expect(asked).toEqual(['next tag\nt0']);
  });

  test('a tag that the store does not know is not asked for at each look', () => {
    const entries = worker();
    entries.set('a', 1, { tags: ['t'], madeAt: now });
    let reads = 0;
    const { get } = store;
    store.get = (key) => {
      reads += 1;
      return get.call(store, key);
    };
    entries.get('a');
    entries.get('a');
    expect(reads).toBe(1);
  });
});
