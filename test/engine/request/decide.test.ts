import { describe, expect, test } from '@jest/globals';
import type { Page } from '../../../src/engine/cache/page.ts';
import type { Asked } from '../../../src/engine/request/asked.ts';
import { type Decision, decide } from '../../../src/engine/request/decide.ts';
import { keysFor } from '../../../src/engine/request/page-key.ts';
import { compileRoutes } from '../../../src/engine/routes.ts';
import { pageFor } from '../cache/fixtures/page-of.ts';

const NOW = 1_000_000;
const routes = compileRoutes([
  { route: '/', cache: { ttlMs: 1_000 } },
  { route: '/posts', cache: { ttlMs: 1_000, query: ['page'] } },
  { route: '/members' },
]);
const everything = compileRoutes([{ route: '/*', cache: { ttlMs: 1_000 } }]);

const GET: Asked = {
  method: 'GET',
  target: '/',
  host: 'example.org',
  acceptLanguage: 'id',
  authorized: false,
  announcedBytes: 0,
  sendsOneOf: () => false,
};
const decided = (
  asked: Partial<Asked>,
  { member = false, copy, table = routes }: { member?: boolean; copy?: Page; table?: typeof routes } = {},
): Decision =>
  decide(
    { ...GET, ...asked },
    member,
    {
      routes: table,
      keyOf: keysFor(['example.org'], ['en', 'id']),
      copyOf: (key) => (copy?.key === key ? copy : undefined),
      statusPage: false,
      bodyLimit: 100,
    },
    NOW,
  );
const KEY = 'id\nexample.org\n/';
const aged = (ageMs: number): Page => pageFor(KEY, { renderStartedAt: NOW - ageMs, ttlMs: 10, swrMs: 10, sieMs: 30 });

describe('the engine answers its own paths', () => {
  test.each(['/health', '/health/live', '/health/ready', '/metrics'])(
    '%s, whatever policy would match it and whoever asks',
    (path) => {
      for (const table of [routes, everything])
        for (const member of [false, true])
          for (const method of ['GET', 'HEAD', 'POST'])
            expect(decided({ method, target: `${path}?x=1`, announcedBytes: 1_000 }, { member, table })).toEqual({
              kind: 'engine',
              path,
            });
    },
  );

  test.each(['/healthy', '/health/', '/health/other', '/metrics/x', '/m', '/h', '*', '', '/%6detrics'])(
    'and not %s',
    (target) => {
      expect(decided({ target }, { table: everything }).kind).not.toBe('engine');
    },
  );
});

describe('a public page', () => {
  test('is what a GET or a HEAD of a cacheable route asks for', () => {
    for (const method of ['GET', 'HEAD'])
      expect(decided({ method, target: '/posts?x=1&page=2' })).toEqual({
        kind: 'page',
        route: routes.match('GET', '/posts'),
        path: '/posts',
        query: 'x=1&page=2',
        key: 'id\nexample.org\n/posts?page=2',
        copy: undefined,
        freshness: 'dead',
      });
    expect(decided({ method: 'POST' })).toMatchObject({ kind: 'direct', copyKey: undefined });
  });

  test.each([
    [0, 'fresh'],
    [15, 'revalidate'],
    [30, 'lastGood'],
  ])('comes with its copy: of %d ms it is %s', (ageMs, freshness) => {
    const copy = aged(ageMs);
    expect(decided({}, { copy })).toMatchObject({ kind: 'page', key: KEY, copy, freshness });
  });

  test('has no copy where it is dead', () => {
    expect(decided({}, { copy: aged(100) })).toMatchObject({ kind: 'page', copy: undefined, freshness: 'dead' });
  });
});

describe('the site answers, for one visitor only', () => {
  test('what is no public page', () => {
    expect(decided({ target: '/members?a=1' })).toEqual({
      kind: 'direct',
      route: routes.match('GET', '/members'),
      path: '/members',
      query: 'a=1',
      copyKey: undefined,
    });
    expect(decided({ target: '/nowhere' })).toMatchObject({ kind: 'direct', route: routes.unknown });
  });

  test('members and those who send Authorization, to whom the anonymous copy is given where there is no room', () => {
    expect(decided({}, { member: true })).toMatchObject({ kind: 'direct', copyKey: KEY });
    expect(decided({ authorized: true })).toMatchObject({ kind: 'direct', copyKey: KEY });
    expect(decided({ method: 'POST' }, { member: true })).toMatchObject({ kind: 'direct', copyKey: undefined });
  });

  test('a page that is another one for who sends a header by which it varies: no copy will do', () => {
    const copy: Page = { ...aged(0), headers: [['vary', 'RSC, Accept-Encoding']] };
    const sends = (own: string) => (names: readonly string[]) => names.includes(own);
    expect(decided({ sendsOneOf: sends('rsc') }, { copy })).toMatchObject({ kind: 'direct', copyKey: undefined });
    expect(decided({ sendsOneOf: sends('accept-encoding') }, { copy })).toMatchObject({ kind: 'page', copy });
  });

  test('a page whose address is not in normal form', () => {
    expect(decided({ target: '/a/../b' }, { table: everything })).toMatchObject({ kind: 'direct', copyKey: undefined });
  });
});

test('a body that is announced larger than it may be is refused; the limit itself is not', () => {
  expect(decided({ method: 'POST', announcedBytes: 101 })).toEqual({
    kind: 'refuse',
    status: 413,
    why: 'BODY_TOO_LARGE',
    limit: 100,
  });
  expect(decided({ method: 'POST', announcedBytes: 100 })).toMatchObject({ kind: 'direct' });
});
