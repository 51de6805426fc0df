import { describe, expect, test } from '@jest/globals';
import { PageMemory } from '../../../src/engine/cache/memory.ts';
import { type Page, pageBytes } from '../../../src/engine/cache/page.ts';
import { held, pageFor } from './fixtures/page-of.ts';
import { below, seeded } from './fixtures/random.ts';

const sized = (key: string, length: number, over: Partial<Page> = {}): Page =>
  pageFor(key, { bodies: { identity: Buffer.alloc(length, 'a') }, ...over });

/** What the memory claims, against what it holds. */
function expectExact(memory: PageMemory, maxBytes: number): void {
  const pages = [...memory.values()];
  expect(memory.pages).toBe(pages.length);
  expect(memory.bytes).toBe(pages.reduce((sum, page) => sum + pageBytes(page), 0));
  expect(memory.bytes).toBeLessThanOrEqual(maxBytes);
  for (const page of pages) expect(memory.get(page.key)).toBe(page);
}

describe('the page memory', () => {
  test('stays within its bytes and counts right, whatever is done to it (seeded)', () => {
    const maxBytes = 200_000;
    for (let seed = 1; seed <= 5; seed++) {
      const random = seeded(seed);
      const memory = new PageMemory({ maxBytes, maxEntryBytes: 60_000 });
      for (let step = 0; step < 3_000; step++) {
        const key = `\n\n/p${below(random, 80)}`;
        const action = random();
        if (action < 0.5) memory.get(key);
        else if (action < 0.85) {
          const page = sized(key, below(random, 80_000), {
            tags: [`t${below(random, 9)}`, `t${below(random, 9)}`],
            renderStartedAt: step,
          });
          expect(memory.set(page)).toBe(pageBytes(page) <= 60_000);
        } else if (action < 0.9) {
          const page = memory.get(key);
          if (page !== undefined)
            memory.addCodings(page, {
              gzip: new Uint8Array(below(random, 20_000)),
              br: new Uint8Array(below(random, 10_000)),
            });
        } else memory.purge([`t${below(random, 9)}`], random() < 0.5, step - below(random, 500));
        if (step % 50 === 0) expectExact(memory, maxBytes);
      }
      expectExact(memory, maxBytes);
      expect(memory.evictions).toBeGreaterThan(0);
    }
  });

  test('keeps what is read and evicts what is not', () => {
    const memory = new PageMemory({ maxBytes: 10 * pageBytes(sized('/00', 1_000)), maxEntryBytes: 100_000 });
    for (let at = 10; at < 20; at++) memory.set(sized(`/${at}`, 1_000));
    for (const read of ['/10', '/11', '/12']) memory.get(read);
    for (let at = 20; at < 27; at++) memory.set(sized(`/${at}`, 1_000));
    for (const kept of ['/10', '/11', '/12', '/26']) expect(held(memory, kept)).toBeDefined();
    for (const gone of ['/13', '/19']) expect(held(memory, gone)).toBeUndefined();
    expect(memory.evictions).toBe(7);
  });

  test('a scan of pages read once does not flush the pages that people read', () => {
    const random = seeded(7);
    const memory = new PageMemory({ maxBytes: 100 * pageBytes(sized('/hot0', 1_000)), maxEntryBytes: 100_000 });
    let hits = 0;
    for (let step = 0; step < 20_000; step++) {
      const key = step % 2 === 0 ? `/hot${below(random, 50)}` : `/scan${step}`;
      if (memory.get(key) !== undefined) hits += 1;
      else memory.set(sized(key, 1_000));
    }
    expect(hits / 10_000).toBeGreaterThan(0.95);
  });

  test('keeps the newer of two copies, and none that is too large', () => {
    const memory = new PageMemory({ maxBytes: 100_000, maxEntryBytes: 10_000 });
    memory.set(sized('/a', 10, { renderStartedAt: 5 }));
    expect(memory.set(sized('/a', 20, { renderStartedAt: 4 }))).toBe(false);
    expect(memory.set(sized('/a', 20_000, { renderStartedAt: 6 }))).toBe(false);
    expect(memory.get('/a')?.renderStartedAt).toBe(5);
  });

  test('codings are added to the copy that is kept, not to one that has replaced it', () => {
    const memory = new PageMemory({ maxBytes: 100_000, maxEntryBytes: 10_000 });
    const old = sized('/a', 10, { renderStartedAt: 1 });
    memory.set(old);
    memory.set(sized('/a', 10, { renderStartedAt: 2 }));
    memory.addCodings(old, { gzip: new Uint8Array(500) });
    expect(memory.get('/a')?.bodies.gzip).toBeUndefined();
    expectExact(memory, 100_000);
    const held = memory.get('/a')!;
    expect(memory.addCodings(held, { br: new Uint8Array(9_990) })).toBe(false);
    expect(held.bodies.br).toBeUndefined();
    memory.purge(['x'], false, 9);
    expect(memory.addCodings(held, { br: new Uint8Array([1, 2]) })).toBe(true);
    expect(memory.get('/a')?.bodies.br).toEqual(Buffer.from([1, 2]));
  });
});

describe('a purge', () => {
  const memoryWith = (...pages: Page[]): PageMemory => {
    const memory = new PageMemory({ maxBytes: 1_000_000, maxEntryBytes: 100_000 });
    for (const page of pages) memory.set(page);
    return memory;
  };

  test('soft: every page with the tag is last good only; hard: gone; others stay', () => {
    const memory = memoryWith(
      pageFor('/a', { tags: ['posts'] }),
      pageFor('/b', { tags: ['posts', 'home'] }),
      pageFor('/c', { tags: ['home'] }),
    );
    expect(memory.purge(['posts'], false, 2_000_000)).toBe(2);
    expect(['/a', '/b', '/c'].map((key) => memory.get(key)?.purged)).toEqual([true, true, false]);
    expect(memory.purge(['home'], true, 2_000_000)).toBe(2);
    expect(['/a', '/b', '/c'].map((key) => memory.get(key)?.purged)).toEqual([true, undefined, undefined]);
  });

  test('does not meet a page that was rendered after it', () => {
    const memory = memoryWith(pageFor('/a', { tags: ['posts'], renderStartedAt: 101 }));
    expect(memory.purge(['posts'], true, 100)).toBe(0);
    expect(memory.get('/a')?.purged).toBe(false);
  });

  test('counts for a render that began before it and ends after it', () => {
    const memory = memoryWith();
    memory.purge(['soft'], false, 100);
    memory.purge(['hard'], true, 100);
    expect(memory.set(pageFor('/a', { tags: ['soft'], renderStartedAt: 100 }))).toBe(true);
    expect(memory.get('/a')?.purged).toBe(true);
    expect(memory.set(pageFor('/a', { tags: ['soft'], renderStartedAt: 101 }))).toBe(true);
    expect(memory.get('/a')?.purged).toBe(false);
    expect(memory.set(pageFor('/b', { tags: ['soft', 'hard'], renderStartedAt: 99 }))).toBe(false);
    expect(memory.afterPurges(pageFor('/b', { tags: ['hard'], renderStartedAt: 100 }))).toBeUndefined();
    memory.purge(['hard'], false, 200);
    expect(memory.afterPurges(pageFor('/b', { tags: ['hard'], renderStartedAt: 150 }))?.purged).toBe(true);
  });
});
