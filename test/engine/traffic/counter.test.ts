import { BlockList } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { TrafficCounter } from '../../../src/engine/traffic/counter.ts';
import { MAX_TALLY_TEXT } from '../../../src/engine/traffic/limits.ts';
import { makeReport } from '../../../src/engine/traffic/make-report.ts';
import type { TrafficReport } from '../../../src/engine/traffic/report.ts';
import { LOOKS_PER_SECOND, NEW_PER_SECOND } from '../../../src/engine/traffic/sampler.ts';
import { Tally } from '../../../src/engine/traffic/tally.ts';
import { seeded } from '../cache/fixtures/random.ts';
import { type Asked, answerTo, GOOGLEBOT, IPHONE, routeOf } from './fixtures/answer.ts';

/** A counter with a clock that the test moves. */
function counting({ trusted = new BlockList() } = {}) {
  let clock = Date.UTC(2026, 10, 28, 12);
  let monotonic = 1_000;
  let firsts = 0;
  const salts: string[] = [];
  const counter = new TrafficCounter({
    ownHosts: ['example.org'],
    trusted,
    saltOf(now) {
      salts.push(new Date(now).toISOString().slice(0, 10));
      return salts.at(-1)!;
    },
    clock: () => clock,
    random: seeded(7),
    onFirst: () => (firsts += 1),
  });
  return {
    counter,
    salts,
    get firsts() {
      return firsts;
    },
    /** Every visitor half a second after the one before. */
    tell(asked: Asked, everyMs = 500): void {
      clock += everyMs;
      monotonic += everyMs;
      const answer = answerTo(asked);
      if (counter.looks(answer.connection, monotonic)) counter.answered(answer);
    },
    pass(ms: number): void {
      clock += ms;
    },
    report(): TrafficReport {
      const tally = Tally.fromText(counter.take() ?? new Tally().toText());
      return makeReport({ fromMs: 0, toMs: 1, stepMs: 1, tally, visitors: [tally.visitors], hoursOfWeek: [] });
    },
  };
}

const names = (list: readonly { name: string; requests: number }[]): [string, number][] =>
  list.map(({ name, requests }) => [name, requests]);

describe('what is counted', () => {
  test('pages, files and data are kept apart, and only pages have a source', () => {
    const { tell, report } = counting();
    tell({ path: '/posts/launch', headers: { referer: 'https://news.example/' } });
    tell({ path: '/assets/site.css', type: 'text/css', headers: { referer: 'https://example.org/posts/launch' } });
    tell({ path: '/api/likes', type: 'application/json', method: 'POST' });
    const { kinds, sources, sourceKinds, paths, views, requests } = report();
    expect(Object.fromEntries(names(kinds))).toEqual({ page: 1, asset: 1, api: 1 });
    expect(names(sources)).toEqual([['news.example', 1]]);
    expect(names(sourceKinds)).toEqual([['referrer', 1]]);
    expect([names(paths.page), names(paths.asset), names(paths.api)]).toEqual([
      [['/posts/launch', 1]],
      [['/assets/site.css', 1]],
      [['/api/likes', 1]],
    ]);
    expect([views, requests]).toEqual([1, 3]);
  });

  test('people, bots that say so, and bots that only take pages', () => {
    const { tell, report } = counting();
    tell({ headers: { 'user-agent': GOOGLEBOT } });
    tell({ headers: { 'user-agent': IPHONE } });
    for (let page = 0; page < 30; page++) tell({ path: `/posts/${page}`, peer: '203.0.113.9' });
    // As many pages, with the files that a browser takes.
    tell({ path: '/site.css', type: 'text/css', peer: '203.0.113.10' });
    for (let page = 0; page < 30; page++) tell({ path: `/posts/${page}`, peer: '203.0.113.10' });
    // As many pages, in an hour.
    for (let page = 0; page < 30; page++) tell({ path: `/posts/${page}`, peer: '203.0.113.11' }, 120_000);
    const { agents, bots, devices } = report();
    expect(Object.fromEntries(names(agents))).toEqual({ bot: 1, person: 1 + 19 + 31 + 30, suspected: 11 });
    expect(names(bots)).toEqual([['Googlebot', 1]]);
    expect(Object.fromEntries(names(devices))).toMatchObject({ phone: 1 });
  });

  test('the first pages of visits, and what is read next', () => {
    const { tell, pass, report } = counting();
    tell({ path: '/', peer: '203.0.113.1' });
    tell({ path: '/posts/a', peer: '203.0.113.1', headers: { referer: 'https://example.org/' } });
    tell({ path: '/posts/a', peer: '203.0.113.1', headers: { referer: 'https://example.org/posts/a' } });
    tell({ path: '/posts/a', peer: '203.0.113.2', headers: { referer: 'https://news.example/' } });
    pass(3_600_000);
    tell({ path: '/', peer: '203.0.113.1' });
    const { entryPages, next } = report();
    expect(names(entryPages)).toEqual([
      ['/', 2],
      ['/posts/a', 1],
    ]);
    expect(next.map(({ from, to, requests }) => [from, to, requests])).toEqual([['/', '/posts/a', 1]]);
  });

  test('where visitors were refused, and what failed', () => {
    const { tell, report } = counting();
    for (let index = 0; index < 3; index++)
      tell({ path: '/posts/launch', status: 503, use: 'refused', type: undefined });
    tell({ path: '/posts/launch', status: 500 });
    tell({ path: '/', use: 'engine' });
    const { refusedAt, routes, uses, statuses } = report();
    expect(names(refusedAt)).toEqual([['/posts/:slug', 3]]);
    expect(routes).toHaveLength(1);
    expect(routes[0]).toMatchObject({ route: '/posts/:slug', requests: 4, failed: 1, anonymousShare: 1 });
    expect(uses).toMatchObject({ refused: 3, bypass: 1 });
    expect(names(statuses)).toEqual([
      ['503', 3],
      ['500', 1],
    ]);
  });

  test('what the cache spared: time, bytes, and how old it was', () => {
    const { tell, counter, report } = counting();
    const key = '\n\n/posts/launch';
    for (let index = 0; index < 4; index++)
      tell({ path: '/posts/launch', use: 'fresh', ageMs: 5_000, bytes: 1_000, key, cpuMs: 20 });
    tell({ path: '/posts/launch', use: 'miss', ageMs: 0, bytes: 1_000, key, cpuMs: 20 });
    counter.rendered(routeOf('/posts/launch'), false);
    counter.rendered(routeOf('/posts/launch'), true);
    const { cache, routes } = report();
    expect(cache).toMatchObject({ hitShare: 0.8, savedSeconds: 0.08, cachedBytes: 4_000, ageMeanSeconds: 5 });
    expect(cache.ages.find(({ answers }) => answers > 0)).toEqual({ upToSeconds: 10, answers: 4 });
    expect(routes[0]).toMatchObject({ keys: 1, pages: 1, renders: 2, unchangedRenders: 1, ttlMs: 60_000, costMs: 20 });
  });

  test('searches that found nothing, in one form', () => {
    const { counter, report } = counting();
    counter.searchedInVain('  Solar   Panels ');
    counter.searchedInVain('solar panels');
    counter.searchedInVain(' ');
    expect(names(report().emptySearches)).toEqual([['solar panels', 2]]);
  });

  test('nothing is sent where nothing came, and the first answer after a pause says that there will be something', () => {
    const counted = counting();
    expect(counted.counter.take()).toBeUndefined();
    counted.tell({});
    counted.tell({});
    expect(counted.firsts).toBe(1);
    expect(counted.counter.take()).toBeDefined();
    expect(counted.counter.take()).toBeUndefined();
    counted.tell({});
    expect(counted.firsts).toBe(2);
  });
});

describe('what is not kept', () => {
  test('no address, user agent, cookie or query is in what is sent', () => {
    const { tell, counter } = counting();
    const headers = {
      cookie: 'session=secret-cookie',
      'user-agent': 'Mozilla/5.0 (secret-agent) Chrome/140.0 Safari/537.36',
    };
    tell({ peer: '203.0.113.77', query: 'token=secret-token', headers });
    tell({ peer: '2001:db8:1:2:3:4:5:6', headers: { referer: 'https://news.example/?q=secret-search' } });
    const text = counter.take()!;
    expect(text).toContain('203.0.113.0/24');
    expect(text).toContain('2001:db8:1::/48');
    expect(text).not.toMatch(/203\.0\.113\.77|2:3:4|secret/);
  });

  test('with the day the salt changes, and what was remembered of visits is forgotten', () => {
    const { tell, pass, salts, report } = counting();
    tell({ path: '/', peer: '203.0.113.1' });
    tell({ path: '/posts/a', peer: '203.0.113.1' });
    pass(13 * 3_600_000);
    tell({ path: '/posts/b', peer: '203.0.113.1' });
    expect(salts).toEqual(['2026-11-28', '2026-11-29']);
    const { uniques, next } = report();
    expect(uniques.visitors).toBe(2);
    expect(next).toHaveLength(1);
  });
});

describe('visitors', () => {
  test('are told apart by address and browser; those of bots that say so are not counted', () => {
    const { tell, report } = counting();
    const connection = {};
    for (let index = 0; index < 5; index++) tell({ connection });
    tell({ headers: { 'user-agent': IPHONE } });
    tell({ peer: '198.51.100.8' });
    tell({ headers: { 'user-agent': GOOGLEBOT } });
    expect(report().uniques.visitors).toBe(3);
  });

  test('behind a trusted proxy are those that it names, on one connection; what others claim is not believed', () => {
    const trusted = new BlockList();
    trusted.addAddress('10.0.0.1');
    const connection = {};
    const asked = (peer: string, visitor: number): Asked => ({
      connection,
      peer,
      headers: { 'x-forwarded-for': `203.0.${visitor}.1` },
    });
    const behind = counting({ trusted });
    for (let visitor = 0; visitor < 20; visitor++) behind.tell(asked('::ffff:10.0.0.1', visitor));
    const report = behind.report();
    expect(report.uniques.visitors).toBe(20);
    expect(report.networks).toHaveLength(20);
    const claiming = counting({ trusted });
    for (let visitor = 0; visitor < 20; visitor++) claiming.tell(asked('10.0.0.2', visitor));
    expect(claiming.report().uniques.visitors).toBe(1);
  });
});

describe('over the number of looks in a second', () => {
  test('each request that is looked at stands for several, and the error says so; visitors who come back are counted all the same', () => {
    const { tell, report } = counting();
    const requests = 100_000;
    // 20,000 a second for 5 s; every fourth is a file.
    for (let index = 0; index < requests; index++)
      tell(
        index % 4 === 0
          ? { path: '/site.css', type: 'text/css', peer: `203.0.${index % 250}.1` }
          : { path: '/', peer: `203.0.${index % 250}.1` },
        0.05,
      );
    const { sampledShare, kinds, uniques, requests: counted } = report();
    expect(sampledShare).toBeLessThanOrEqual((1.3 * LOOKS_PER_SECOND) / 20_000);
    expect(sampledShare).toBeGreaterThan((0.4 * LOOKS_PER_SECOND) / 20_000);
    expect(Math.abs(counted - requests)).toBeLessThan(0.01 * requests);
    for (const { name, requests: number, error } of kinds) {
      const truth = name === 'asset' ? requests / 4 : (requests * 3) / 4;
      expect(error).toBeGreaterThan(0);
      expect(error).toBeLessThan(0.2 * truth);
      expect(Math.abs(number - truth)).toBeLessThan(2 * error);
    }
    expect(Math.abs(uniques.visitors - 250)).toBeLessThanOrEqual(uniques.error);
  });

  test('of the new connections so many are looked at, and it is told how many were not', () => {
    const { counter, report } = counting();
    let looks = 0;
    // 20,000 visitors within one second, each on a connection of his own.
    for (let index = 0; index < 20_000; index++) {
      const answer = answerTo({ peer: `10.0.${index >> 8}.${index & 255}` });
      if (!counter.looks(answer.connection, 1_000 + index * 0.05)) continue;
      looks += 1;
      counter.answered(answer);
    }
    expect(looks).toBeLessThan(1.5 * (LOOKS_PER_SECOND + NEW_PER_SECOND));
    const { uniques } = report();
    expect(Math.abs(uniques.visitors - looks)).toBeLessThanOrEqual(2 * uniques.error);
    expect(uniques.unseen).toBe(20_000 - looks);
  });

  test('a visitor who was not looked at is seen with a later request', () => {
    const { counter, report } = counting();
    const connections = Array.from({ length: 200 }, (_, index) => ({ connection: {}, peer: `10.0.0.${index}` }));
    for (let second = 0; second < 200; second++)
      for (const asked of connections) {
        const answer = answerTo(asked);
        if (counter.looks(answer.connection, 1_000 * second)) counter.answered(answer);
      }
    const { visitors, error } = report().uniques;
    expect(Math.abs(visitors - 200)).toBeLessThanOrEqual(error);
  });

  test('a request on a connection whose visitor is counted costs no look', () => {
    const { counter } = counting();
    const connection = {};
    let looks = 0;
    for (let index = 0; index < 50_000; index++) {
      if (!counter.looks(connection, 1_000 + index * 0.02)) continue;
      looks += 1;
      counter.answered(answerTo({ connection }));
    }
    expect(looks).toBeLessThan(1.5 * LOOKS_PER_SECOND);
  });
});

test('what is sent is bounded, whatever comes', () => {
  const { counter } = counting();
  const long = (name: string, index: number): string => `${name}${index}${'"'.repeat(300)}`;
  for (let index = 0; index < 3_000; index++) {
    const answer = answerTo({
      path: `/${long('p', index)}`,
      peer: `2001:db8:${index.toString(16)}::1`,
      type: ['text/html', 'text/css', 'application/json'][index % 3]!,
      query: `utm_campaign=${encodeURIComponent(long('c', index))}`,
      headers: {
        'user-agent': index % 2 === 0 ? long('bot', index) : `${long('Mozilla/5.0 x', index)} Chrome/1`,
        referer: `https://h${index}.example/`,
        'accept-language': `${String.fromCharCode(97 + (index % 26), 97 + ((index * 7) % 26))}`,
      },
      status: 200 + (index % 300),
      key: `k${index}`,
    });
    answer.route = { ...answer.route, policy: { route: `/${long('r', index)}`.slice(0, 200) } };
    if (counter.looks(answer.connection, index * 10)) counter.answered(answer);
    counter.searchedInVain(long('s', index));
  }
  const text = counter.take()!;
  expect(text.length).toBeLessThan(MAX_TALLY_TEXT);
  expect(Tally.fromText(text).routes.size).toBeLessThanOrEqual(65);
  expect(() => Tally.fromText(' '.repeat(MAX_TALLY_TEXT + 1))).toThrow('too long');
  expect(() => Tally.fromText('{}')).toThrow('cannot be read');
});
