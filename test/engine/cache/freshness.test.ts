import { describe, expect, test } from '@jest/globals';
import type { Headers } from '../../../src/engine/cache/directives.ts';
import { ageMs, freshness, lifetimes, momentOf, xfetchDue } from '../../../src/engine/cache/freshness.ts';
import { pageFor } from './fixtures/page-of.ts';
import { seeded } from './fixtures/random.ts';

describe('the state of a page', () => {
  const page = pageFor('k', { renderStartedAt: 1_000, ttlMs: 100, swrMs: 200, sieMs: 300 });
  test.each([
    [900, 'fresh', 'lastGood'],
    [1_000, 'fresh', 'lastGood'],
    [1_099, 'fresh', 'lastGood'],
    [1_100, 'revalidate', 'lastGood'],
    [1_299, 'revalidate', 'lastGood'],
    [1_300, 'lastGood', 'lastGood'],
    [1_399, 'lastGood', 'lastGood'],
    [1_400, 'dead', 'dead'],
  ])('at %i it is %s, and %s once it is purged', (now, state, purged) => {
    expect(freshness(page, now)).toBe(state);
    expect(freshness({ ...page, purged: true }, now)).toBe(purged);
  });
});

test('a page is as old as it was when it came, and since then', () => {
  const page = pageFor('k', { renderStartedAt: 1_000, upstreamAgeMs: 50, ttlMs: 100, swrMs: 0 });
  expect([ageMs(page, 1_010), ageMs(page, 900)]).toEqual([60, 50]);
  expect([freshness(page, 1_049), freshness(page, 1_050)]).toEqual(['fresh', 'lastGood']);
});

describe('the early refresh', () => {
  const page = pageFor('k', { renderStartedAt: 0, ttlMs: 1_000, renderMs: 50 });
  const share = (now: number, beta?: number): number => {
    const random = seeded(1);
    let due = 0;
    for (let draw = 0; draw < 10_000; draw++) if (xfetchDue(page, now, random(), beta)) due += 1;
    return due / 10_000;
  };
  test('comes as often as the paper says: exp(-(time left) / (beta * render time))', () => {
    expect(share(900)).toBeCloseTo(Math.exp(-2), 1);
    expect(share(950)).toBeCloseTo(Math.exp(-1), 1);
    expect(share(900, 2)).toBeCloseTo(Math.exp(-1), 1);
    expect(share(500)).toBeLessThan(0.001);
  });
  test('is always due when the page is stale, and survives a draw of 0', () => {
    expect(share(1_000)).toBe(1);
    expect(xfetchDue(page, 999, 0)).toBe(true);
    expect(xfetchDue({ ...page, renderMs: 0 }, 999, 0.5)).toBe(false);
  });
});

describe('the lifetimes of a page', () => {
  const NOW = Date.parse('Thu, 01 Jan 2026 00:00:03 GMT');
  const policy = { ttlMs: 10_000, swrMs: 5_000, sieMs: 20_000 };
  /** What the response says is as it says for 0, the policy as it is for the middle. */
  const of = (headers: Headers, random = 0) => lifetimes(policy, headers, 99_000, random, NOW);
  test.each<[string, Headers, number, number, number]>([
    ['nothing: the policy', {}, 10_000, 5_000, 20_000],
    ['max-age', { 'cache-control': 'public, max-age=60' }, 60_000, 5_000, 20_000],
    ['s-maxage over max-age', { 'cache-control': 'max-age=60, s-maxage=30' }, 30_000, 5_000, 20_000],
    ['quoted and upper case', { 'cache-control': 'Max-Age="7"' }, 7_000, 5_000, 20_000],
    ['the first of two', { 'cache-control': 'max-age=1, max-age=2' }, 1_000, 5_000, 20_000],
    ['several fields', { 'cache-control': ['public', 'max-age=3'] }, 3_000, 5_000, 20_000],
    ['an unreadable age: stale', { 'cache-control': 'max-age=soon' }, 0, 5_000, 20_000],
    [
      'a page that Next.js keeps itself: a second, and for times of need as long as it says',
      { 'x-nextjs-cache': 'HIT', 'cache-control': 's-maxage=60' },
      1_000,
      0,
      60_000,
    ],
    ['max-age from when it was made', { 'cache-control': 'max-age=60', age: '20' }, 60_000, 5_000, 20_000],
    ['the policy from when it came', { age: '20' }, 30_000, 5_000, 20_000],
    ['the first Age of a list', { age: '20, x' }, 30_000, 5_000, 20_000],
    ['an Age that cannot be read: stale', { 'cache-control': 'max-age=60', age: '2.5' }, 0, 5_000, 20_000],
    ['an Age that cannot be read, without more: stale', { age: '-1' }, 0, 5_000, 20_000],
    ['a huge age: 2^31 s', { 'cache-control': 'max-age=99999999999' }, 2 ** 31 * 1_000, 5_000, 20_000],
    [
      'CDN-Cache-Control only',
      { 'cdn-cache-control': 'max-age=9', 'cache-control': 's-maxage=1' },
      9_000,
      5_000,
      20_000,
    ],
    [
      'the policy, where CDN-Cache-Control names no time, whatever Expires says',
      { 'cdn-cache-control': 'public', 'cache-control': 'max-age=1', expires: '0' },
      10_000,
      5_000,
      20_000,
    ],
    [
      'Expires',
      { expires: 'Thu, 01 Jan 2026 00:00:09 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' },
      9_000,
      5_000,
      20_000,
    ],
    ['Expires, counted from now where no Date is', { expires: 'Thu, 01 Jan 2026 00:00:09 GMT' }, 6_000, 5_000, 20_000],
    [
      'Expires, with a Date that cannot be read',
      { expires: 'Thu, 01 Jan 2026 00:00:09 GMT', date: 'x' },
      0,
      5_000,
      20_000,
    ],
    ['Expires that is no date', { expires: '2100' }, 0, 5_000, 20_000],
    ['several Expires', { expires: Array(2).fill('Thu, 01 Jan 2026 00:00:09 GMT') }, 0, 5_000, 20_000],
    ['Expires: 0', { expires: '0', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, 0, 5_000, 20_000],
    ['RFC 5861', { 'cache-control': 'stale-while-revalidate=1, stale-if-error=2' }, 10_000, 1_000, 2_000],
    ['swr over sie', { 'cache-control': 'stale-while-revalidate=30' }, 10_000, 30_000, 30_000],
    ['must-revalidate', { 'cache-control': 'max-age=5, must-revalidate' }, 5_000, 0, 0],
  ])('follow %s', (_, headers, ttlMs, swrMs, sieMs) => {
    const found = [of(headers), of(headers, 0.5)];
    expect(found).toContainEqual({ ttlMs, swrMs, sieMs });
    expect(Math.min(...found.map((one) => one.ttlMs))).toBeLessThanOrEqual(ttlMs);
  });
  test('take the standard stale-if-error where the policy has none', () => {
    expect(lifetimes({ ttlMs: 1 }, {}, 99_000, 0.5, NOW)).toEqual({ ttlMs: 1, swrMs: 0, sieMs: 99_000 });
  });
  test('of s-maxage have stale use only where the response or the policy allows it (RFC 9111 section 5.2.2.10)', () => {
    const stale = (cacheControl: string): unknown =>
      lifetimes({ ttlMs: 1 }, { 'cache-control': cacheControl }, 99_000, 0, NOW);
    expect(stale('s-maxage=5')).toEqual({ ttlMs: 5_000, swrMs: 0, sieMs: 0 });
    expect(stale('s-maxage=5, stale-if-error=7')).toEqual({ ttlMs: 5_000, swrMs: 0, sieMs: 7_000 });
    expect(of({ 'cache-control': 's-maxage=5' }).sieMs).toBe(20_000);
  });
  test('spread the ttl of the policy by a tenth to either side, the one of the response downward only', () => {
    expect(of({}, 0).ttlMs).toBe(9_000);
    expect(of({}, 0.999_999).ttlMs).toBeCloseTo(11_000, 0);
    const own = { 'cache-control': 'max-age=10' };
    expect(of(own, 0).ttlMs).toBe(10_000);
    expect(of(own, 0.999_999).ttlMs).toBeCloseTo(9_000, 0);
  });
});

describe('the answer that there is no page', () => {
  const NOW = Date.parse('Thu, 01 Jan 2026 00:00:03 GMT');
  test.each<[string, Headers, number]>([
    ['says nothing: a second', {}, 1_000],
    ['may be kept for long: a second', { 'cache-control': 'max-age=600' }, 1_000],
    ['may not be kept: not at all', { 'cache-control': 'max-age=0' }, 0],
    ['came with an age: a second more', { age: '1' }, 2_000],
    ['is over', { expires: 'Thu, 01 Jan 2026 00:00:00 GMT' }, 0],
  ])('that %s', (_, headers, ttlMs) => {
    expect(momentOf(headers, NOW)).toEqual({ ttlMs, swrMs: 0, sieMs: 0 });
  });
});
