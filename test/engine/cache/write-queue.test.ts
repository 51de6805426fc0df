import { describe, expect, test } from '@jest/globals';
import { pageBytes } from '../../../src/engine/cache/page.ts';
import { WriteQueue } from '../../../src/engine/cache/write-queue.ts';
import { pageFor } from './fixtures/page-of.ts';

const standard = { maxPages: 4, maxBytes: 1_000_000, batchPages: 3, batchBytes: 1_000_000 };
const keys = (queue: WriteQueue): string[] => queue.take().pages.map(({ page }) => page.key);

describe('the queue of the store', () => {
  test('holds one page per key, the newest copy', () => {
    const queue = new WriteQueue(standard);
    queue.put(pageFor('/a', { renderStartedAt: 1 }));
    queue.put(pageFor('/b'));
    queue.put(pageFor('/a', { renderStartedAt: 2 }));
    queue.put(pageFor('/a', { renderStartedAt: 1 }));
    expect(queue.take().pages.map(({ page }) => [page.key, page.renderStartedAt])).toEqual([
      ['/b', 1_000_000],
      ['/a', 2],
    ]);
    expect([queue.isEmpty, queue.bytes]).toEqual([true, 0]);
  });

  test('drops what was put longest ago when it is full in pages or bytes, and counts it', () => {
    const queue = new WriteQueue(standard);
    for (const key of ['/a', '/b', '/c', '/d', '/e']) queue.put(pageFor(key));
    expect([queue.dropped, keys(queue), keys(queue)]).toEqual([1, ['/b', '/c', '/d'], ['/e']]);
    const narrow = new WriteQueue({ ...standard, maxBytes: 2 * pageBytes(pageFor('/a')) });
    for (const key of ['/a', '/b', '/c']) narrow.put(pageFor(key));
    expect([narrow.dropped, keys(narrow)]).toEqual([1, ['/b', '/c']]);
  });

  test('makes batches bounded in bytes, of one page at least', () => {
    const queue = new WriteQueue({ ...standard, batchBytes: 10 });
    queue.put(pageFor('/a'));
    queue.put(pageFor('/b'));
    expect([keys(queue), keys(queue), keys(queue)]).toEqual([['/a'], ['/b'], []]);
  });

  test('a batch that was not written goes back in front, behind newer copies', () => {
    const queue = new WriteQueue(standard);
    queue.put(pageFor('/a', { renderStartedAt: 1 }));
    queue.put(pageFor('/b'));
    queue.purge({ tag: 't', hard: false, at: 5 });
    const batch = queue.take();
    queue.put(pageFor('/a', { renderStartedAt: 2 }));
    queue.purge({ tag: 't', hard: false, at: 4 });
    queue.purge({ tag: 't', hard: true, at: 3 });
    queue.giveBack(batch);
    const again = queue.take();
    expect(again.pages.map(({ page }) => [page.key, page.renderStartedAt])).toEqual([
      ['/b', 1_000_000],
      ['/a', 2],
    ]);
    expect(again.purges.map(({ hard, at }) => [hard, at])).toEqual([
      [false, 5],
      [true, 3],
    ]);
  });

  test('holds nothing that was taken back, neither what waits nor what comes back unwritten', () => {
    const queue = new WriteQueue(standard);
    queue.put(pageFor('/written', { tags: ['t'], renderStartedAt: 1 }));
    const batch = queue.take();
    queue.put(pageFor('/old', { tags: ['s', 't'], renderStartedAt: 5 }));
    queue.put(pageFor('/new', { tags: ['t'], renderStartedAt: 6 }));
    queue.put(pageFor('/other', { tags: ['s'], renderStartedAt: 1 }));
    queue.purge({ tag: 's', hard: false, at: 9 });
    queue.purge({ tag: 't', hard: true, at: 5 });
    expect([queue.pages, queue.bytes]).toEqual([
      2,
      pageBytes(pageFor('/new', { tags: ['t'] })) + pageBytes(pageFor('/other', { tags: ['s'] })),
    ]);
    queue.giveBack(batch);
    queue.put(pageFor('/late', { tags: ['t'], renderStartedAt: 5 }));
    expect(keys(queue)).toEqual(['/new', '/other']);
    expect(queue.bytes).toBe(0);
  });

  test('knows the ticket of what has waited longest', () => {
    const queue = new WriteQueue(standard);
    expect(queue.oldestTicket).toBe(Number.POSITIVE_INFINITY);
    queue.put(pageFor('/a'));
    queue.purge({ tag: 't', hard: false, at: 5 });
    expect([queue.oldestTicket, queue.ticket]).toEqual([1, 2]);
    queue.put(pageFor('/a'));
    expect(queue.oldestTicket).toBe(2);
  });
});
