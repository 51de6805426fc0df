import { describe, expect, test } from '@jest/globals';
import { PageMemory } from '../../../src/engine/cache/memory.ts';
import type { Page } from '../../../src/engine/cache/page.ts';
import { pageBytes } from '../../../src/engine/cache/page.ts';
import { Copies, LOOK_EVERY_MS, MAX_LOOKED_FOR } from '../../../src/engine/lifeboat/copies.ts';
import { pageFor } from '../cache/fixtures/page-of.ts';

function set(maxEntryBytes = 10_000, maxBytes = 100_000) {
  const memory = new PageMemory({ maxBytes, maxEntryBytes });
  const stored = new Map<string, Page>();
  const reads: string[] = [];
  let now = 0;
  const read = (key: string): Page | undefined => {
    reads.push(key);
    return stored.get(key);
  };
  const copies = new Copies(memory, { read }, () => now);
  return {
    memory,
    copies,
    reads,
    store: (page: Page) => stored.set(page.key, page),
    pass(ms: number) {
      now += ms;
    },
  };
}

const KEY = '\n\n/a';
const renderStartedAt = (at: number, over: Partial<Page> = {}): Page => pageFor(KEY, { renderStartedAt: at, ...over });

describe('the lifeboat’s copy of a page', () => {
  test('is the newer one of memory and store, in the second incident too', () => {
    const { copies, store, pass } = set();
    store(renderStartedAt(1_000));
    expect(copies.of(KEY)?.renderStartedAt).toBe(1_000);
    store(renderStartedAt(2_000));
    pass(LOOK_EVERY_MS);
    expect(copies.of(KEY)?.renderStartedAt).toBe(2_000);
    store(renderStartedAt(500));
    pass(LOOK_EVERY_MS);
    expect(copies.of(KEY)?.renderStartedAt).toBe(2_000);
  });

  test('is looked for in the store once a second, whether it is there or not', () => {
    const { copies, store, reads, pass } = set();
    store(renderStartedAt(1));
    for (let visitor = 0; visitor < 100; visitor += 1) {
      copies.of(KEY);
      copies.of('\n\n/missing');
    }
    expect(reads).toEqual([KEY, '\n\n/missing']);
    pass(LOOK_EVERY_MS - 1);
    copies.of(KEY);
    expect(reads).toHaveLength(2);
    pass(1);
    copies.of(KEY);
    expect(reads).toHaveLength(3);
  });

  test('is not one that was purged since', () => {
    const { memory, copies, store } = set();
    memory.purge(['t'], true, 5_000);
    store(renderStartedAt(1_000, { tags: ['t'] }));
    expect(copies.of(KEY)).toBeUndefined();
  });

  test('is there all the same when it is too large for the memory', () => {
    const { memory, copies, store } = set(1);
    store(renderStartedAt(1_000));
    expect([copies.of(KEY)?.renderStartedAt, copies.of(KEY)?.renderStartedAt]).toEqual([1_000, 1_000]);
    expect(memory.pages).toBe(0);
  });

  test('is read again when it had to make room in the memory', () => {
    const { memory, copies, store } = set(10_000, 1.5 * pageBytes(renderStartedAt(1_000)));
    store(renderStartedAt(1_000));
    copies.of(KEY);
    // The one that was read has a second chance, so it takes two.
    for (const other of ['\n\n/b', '\n\n/other']) memory.set(pageFor(other, { renderStartedAt: 1_000 }));
    expect([...memory.values()].map(({ key }) => key)).toEqual(['\n\n/other']);
    expect(copies.of(KEY)?.renderStartedAt).toBe(1_000);
  });

  test('of endlessly many keys takes no endless memory', () => {
    const { copies, reads } = set();
    for (let n = 0; n <= MAX_LOOKED_FOR; n += 1) copies.of(`\n\n/${n}`);
    // All were forgotten, the first one too.
    const before = reads.length;
    copies.of('\n\n/0');
    expect(reads.length).toBe(before + 1);
  });
});
