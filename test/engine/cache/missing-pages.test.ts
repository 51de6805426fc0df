import { expect, test } from '@jest/globals';
import { MAX_MISSING, MissingPages } from '../../../src/engine/cache/missing-pages.ts';
import type { Page } from '../../../src/engine/cache/page.ts';
import { pageFor } from './fixtures/page-of.ts';

const AT = 1_000_000;
const missing = (key: string, more: Partial<Page> = {}): Page =>
  pageFor(key, { status: 404, renderStartedAt: AT, ttlMs: 1_000, swrMs: 0, sieMs: 0, ...more });

test('the answer that there is no page holds until its time is over', () => {
  const pages = new MissingPages(() => Number.NEGATIVE_INFINITY);
  pages.set(missing('a'));
  expect(pages.find('a', AT + 999)?.status).toBe(404);
  expect(pages.find('b', AT)).toBeUndefined();
  expect(pages.find('a', AT + 1_000)).toBeUndefined();
  expect(pages.size).toBe(0);
});

test('it does not hold after a purge, nor one that came in the very ms in which the render began', () => {
  let purgedAt = AT - 1;
  const pages = new MissingPages(() => purgedAt);
  pages.set(missing('a'));
  expect(pages.find('a', AT)).toBeDefined();
  purgedAt = AT;
  expect(pages.find('a', AT)).toBeUndefined();
});

test('so many are kept; then the one kept first goes', () => {
  const pages = new MissingPages(() => Number.NEGATIVE_INFINITY);
  for (let n = 0; n <= MAX_MISSING; n++) pages.set(missing(`${n}`));
  expect(pages.size).toBe(MAX_MISSING);
  expect([pages.find('0', AT), pages.find('1', AT)?.key]).toEqual([undefined, '1']);
});

test('they are kept in 4 MiB at most, and one that is larger is not', () => {
  const pages = new MissingPages(() => Number.NEGATIVE_INFINITY);
  const large = { identity: Buffer.alloc(1_000_000) };
  for (let n = 0; n < 10; n++) pages.set(missing(`${n}`, { bodies: large }));
  expect(pages.size).toBe(4);
  pages.set(missing('huge', { bodies: { identity: Buffer.alloc(5_000_000) } }));
  expect([pages.find('huge', AT), pages.size]).toEqual([undefined, 4]);
});

test('the same answer anew takes the place of the one before', () => {
  const pages = new MissingPages(() => Number.NEGATIVE_INFINITY);
  pages.set(missing('other'));
  for (let n = 0; n < 10; n++) pages.set(missing('again', { bodies: { identity: Buffer.alloc(1_000_000) } }));
  expect([pages.size, pages.find('other', AT)?.key]).toEqual([2, 'other']);
});
