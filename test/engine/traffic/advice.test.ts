import { describe, expect, test } from '@jest/globals';
import { advise, type RouteFacts } from '../../../src/engine/traffic/advice.ts';

const facts = (given: Partial<RouteFacts>): RouteFacts => ({
  route: '/posts',
  ttlMs: 0,
  costMs: 40,
  requests: 10_000,
  anonymousReads: 9_000,
  uncached: 10_000,
  cached: 0,
  looked: 10_000,
  pages: 12,
  keys: 12,
  renders: 0,
  unchangedRenders: 0,
  ...given,
});
const texts = (...routes: RouteFacts[]): string[] => advise(routes).map(({ text }) => text);

describe('advice', () => {
  test('names the uncached route that would gain most first', () => {
    const advice = advise([
      facts({ route: '/cheap', costMs: 2 }),
      facts({ route: '/report', costMs: 60 }),
      facts({ route: '/posts' }),
    ]);
    expect(advice.map(({ route }) => route)).toEqual(['/report', '/posts', '/cheap']);
    expect(advice[0]!.text).toBe(
      'Cache /report: 90 % of its 10,000 requests came without a session, and asked for 12 different pages only. A copy would have spared 539 s of CPU time (60.0 ms each). Give the route a cache policy, if its pages are the same for everybody.',
    );
  });

  test('says nothing of routes whose pages are each asked for once, or of members, or of few requests', () => {
    expect(
      texts(
        facts({ route: '/once', pages: 9_500 }),
        facts({ route: '/members', anonymousReads: 100 }),
        facts({ route: '/rare', requests: 20, anonymousReads: 20, looked: 20 }),
        facts({ route: '/tiny', costMs: 0.01 }),
        facts({ route: '/unknown', costMs: 0 }),
      ),
    ).toEqual([]);
  });

  test('finds a ttl that is too short for how rarely the page changes', () => {
    const [text] = texts(
      facts({ route: '/', ttlMs: 15_000, renders: 2_000, unchangedRenders: 1_990, cached: 90_000, uncached: 2_000 }),
    );
    expect(text).toBe(
      'Keep / longer: 100 % of its 2000 renders gave the page that was there already. A ttl of 3 min instead of 15 s would have spared 72.0 s of CPU time; purge the page by its tag when it changes.',
    );
    expect(texts(facts({ ttlMs: 15_000, renders: 2_000, unchangedRenders: 1_000, cached: 90_000 }))).toEqual([]);
    expect(texts(facts({ ttlMs: 3_600_000, renders: 2_000, unchangedRenders: 2_000, cached: 90_000 }))).toEqual([]);
  });

  test('finds a key that splits too much', () => {
    const split = facts({ route: '/search', ttlMs: 10_000, keys: 8_000, pages: 8_000, uncached: 8_500, cached: 1_500 });
    expect(texts(split)[0]).toContain('The key of /search splits too much: 8000 copies for 10000 requests');
    expect(texts({ ...split, keys: 100 })).toEqual([]);
    expect(texts({ ...split, uncached: 100, cached: 9_900 })).toEqual([]);
  });

  test('is short: the five that save most', () => {
    expect(texts(...Array.from({ length: 9 }, (_, index) => facts({ route: `/${index}` })))).toHaveLength(5);
  });
});
