import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { appLines } from '../../../src/engine/doctor/app/app-lines.ts';
import { cacheVerdict, type PageAnswer } from '../../../src/engine/doctor/app/cacheable.ts';
import { codeOf, packageAt } from '../../../src/engine/doctor/app/frame-kind.ts';
import { frameworksOf } from '../../../src/engine/doctor/app/frameworks.ts';
import { type CpuProfile, hotSpots } from '../../../src/engine/doctor/app/hot-spots.ts';
import { linksOf } from '../../../src/engine/doctor/app/links.ts';
import { lossesOf } from '../../../src/engine/doctor/app/losses.ts';
import type { Seen } from '../../../src/engine/doctor/app/seen.ts';
import { saidAtStart, warningsIn } from '../../../src/engine/doctor/app/started-app.ts';

const of = codeOf('file:///app/node_modules/tahan/dist/engine/');

describe('whose code it is', () => {
  test.each([
    ['file:///app/server.js', 'app'],
    ['/app/server.cjs', 'app'],
    ['file:///app/node_modules/express/index.js', 'package'],
    ['file:///app/node_modules/tahan/dist/engine/worker/main.js', 'engine'],
    ['node:net', 'node'],
    ['', 'node'],
  ])('%s: %s', (url, kind) => expect(of(url)).toBe(kind));

  test('a package is named by the last node_modules', () => {
    expect(packageAt('file:///a/node_modules/.pnpm/x@1/node_modules/@s/x/lib/i.js')).toEqual({
      name: '@s/x',
      folder: 'file:///a/node_modules/.pnpm/x@1/node_modules/@s/x/',
    });
    expect(packageAt('file:///a/b.js')).toBeUndefined();
  });
});

describe('the links of a page', () => {
  const links = (html: string): string[] => linksOf(html, new URL('http://a:1/x/'));

  test('are those of its origin, each once, without what may change something', () => {
    expect(
      links(
        '<a href="/a?b=1&amp;c=2">1</a><A class=x href=\'y\'>2</A><a href=/z>3</a><a href="/a?b=1&c=2#d">4</a>' +
          '<a href="http://b/">5</a><a href="#f">6</a><a href="mailto:a@b">7</a><a href="/logout">8</a><a href="/posts/1/delete">9</a>',
      ),
    ).toEqual(['/a?b=1&c=2', '/x/y', '/z']);
  });

  test('are few of one kind', () => {
    const html = Array.from({ length: 9 }, (_, at) => `<a href="/posts/${at}">p</a><a href="/${at}">q</a>`).join('');
    expect(links(html).filter((path) => path.startsWith('/posts/'))).toEqual(['/posts/0', '/posts/1']);
    expect(links(html).filter((path) => !path.startsWith('/posts/'))).toHaveLength(9);
  });
});

describe('whether a page could be cached', () => {
  const answer = (headers: PageAnswer['headers'], body = 'a', status = 200): PageAnswer => ({
    status,
    headers,
    body: Buffer.from(body),
  });
  const verdict = (headers: PageAnswer['headers'], second = answer(headers)): unknown[] => {
    const { is, why } = cacheVerdict(answer(headers), second, 0);
    return [is, why];
  };

  test.each<[PageAnswer['headers'], string, RegExp]>([
    [{}, 'could', /the same twice/],
    [{ 'cache-control': 'max-age=60' }, 'could', /but says max-age=60/],
    [{ 'cache-control': 'public, max-age=60' }, 'cached', /declares public, max-age=60/],
    [{ 'cache-control': 'public, max-age=0' }, 'no', /no lifetime/],
    [{ 'cache-control': 'private' }, 'no', /says private/],
    [{ 'cache-control': 'no-store' }, 'no', /says no-store/],
    [{ 'set-cookie': ['a=1; Path=/', 'b=2'] }, 'no', /sets a cookie \(a, b\)/],
    [{ vary: 'Cookie' }, 'no', /varies by Cookie/],
    [{ 'content-encoding': 'gzip' }, 'no', /compressed by the app/],
    [{ 'content-type': 'text/event-stream' }, 'no', /stream of events/],
    [{ 'cache-status': 'tahan; hit' }, 'cached', /Tahan caches it/],
  ])('%j: %s', (headers, is, why) => expect(verdict(headers)).toEqual([is, expect.stringMatching(why)]));

  test('not when two answers differ, though it may declare itself', () => {
    expect(verdict({}, answer({}, 'b'))[0]).toBe('no');
    const declared = { 'cache-control': 's-maxage=5' };
    expect(verdict(declared, answer(declared, 'b'))[0]).toBe('cached');
  });

  test('a last good copy says nothing of the app', () => {
    const copy = answer({ 'cache-status': 'tahan; hit; detail=last-good', 'cache-control': 'no-store' });
    expect(verdict({}, copy)).toEqual(['no', expect.stringContaining('not judged')]);
  });

  test('an error is no page', () => {
    expect(cacheVerdict(answer({}), answer({}, '', 503), 0)).toEqual({ is: 'fails', why: 'it answers 503' });
    expect(cacheVerdict(answer({}, '', 404), answer({}), 0).is).toBe('no');
  });
});

/** A profile of 1 ms a sample: each letter of `samples` is a node of `frames`. */
function profileOf(frames: Record<string, [name: string, url: string, parent: string]>, samples: string): CpuProfile {
  const letters = ['r', ...Object.keys(frames)];
  return {
    startTime: 0,
    nodes: letters.map((letter) => ({
      id: letters.indexOf(letter),
      callFrame: { functionName: frames[letter]?.[0] ?? '(root)', url: frames[letter]?.[1] ?? '', lineNumber: 6 },
      children: letters.filter((one) => frames[one]?.[2] === letter).map((one) => letters.indexOf(one)),
    })),
    samples: [...samples].map((letter) => letters.indexOf(letter)),
    timeDeltas: [...samples].map(() => 1_000),
  };
}

describe('hot spots', () => {
  const FRAMES: Parameters<typeof profileOf>[0] = {
    i: ['(idle)', '', 'r'],
    g: ['(garbage collector)', '', 'r'],
    e: ['run', 'file:///app/node_modules/tahan/dist/engine/x.js', 'r'],
    x: ['handle', 'file:///app/node_modules/express/index.js', 'e'],
    h: ['price', 'file:///app/shop.js', 'x'],
    c: ['pbkdf2Sync', 'node:crypto', 'h'],
  };
  const spots = (samples: string) => hotSpots(profileOf(FRAMES, samples), of);

  test('are named by the innermost function of the app that had the time, with where it went', () => {
    const [spot, ...others] = spots(`iiee${'x'.repeat(2)}${'c'.repeat(30)}iii`);
    expect(others).toEqual([]);
    expect(spot).toMatchObject({
      name: 'price',
      url: 'file:///app/shop.js',
      line: 7,
      mostly: 'pbkdf2Sync of node:crypto',
    });
    expect(spot!.longestMs).toBe(32);
  });

  test('begin at 20 ms, in one piece; a collection of garbage breaks none', () => {
    expect(spots(`${'h'.repeat(15)}i${'h'.repeat(15)}`)).toEqual([]);
    expect(spots(`i${'h'.repeat(19)}i`)).toEqual([]);
    expect(spots(`i${'h'.repeat(10)}gg${'h'.repeat(10)}i`)[0]).toMatchObject({ name: 'price', longestMs: 22 });
  });

  test('are counted, each with its time', () => {
    const [spot] = spots(`i${'h'.repeat(20)}i${'h'.repeat(25)}i`);
    expect(spot).toMatchObject({ longestMs: 25 });
    expect(spot!.spans).toEqual([
      { fromUs: 2_000, toUs: 22_000 },
      { fromUs: 23_000, toUs: 48_000 },
    ]);
  });

  test("are never Tahan's or Node's own", () => {
    expect(spots(`i${'e'.repeat(50)}i`)).toEqual([]);
  });

  test('a stretch of few samples is a process without a CPU', () => {
    const profile = profileOf(FRAMES, 'ihhhi');
    expect(hotSpots({ ...profile, timeDeltas: [0, 10_000, 10_000, 10_000, 10_000] }, of)).toEqual([]);
  });
});

const SEEN: Seen = { app: undefined, packages: {}, direct: [], timers: [], upgrades: false, memoryStores: 0 };

describe('what a reload takes away', () => {
  const texts = (over: Partial<Seen>, streams: string[] = []): [boolean, string][] =>
    lossesOf({ ...SEEN, ...over }, streams).map(({ hurts, text }) => [hurts, text]);

  test('is nothing where nothing was seen', () => expect(texts({})).toEqual([]));

  test.each<[Partial<Seen>, boolean, RegExp]>([
    [{ memoryStores: 1 }, true, /^sessions are in memory/],
    [{ upgrades: true }, false, /1012/],
    [{ packages: { ws: '8.0.0' } }, false, /1012/],
    [{ timers: [{ at: 'a.js:1', ms: 60_000, repeats: true }] }, false, /every 60 s \(a\.js:1\)/],
    [{ timers: [{ at: 'a.js:1', ms: 6_000, repeats: false }] }, false, /planned in 6 s/],
    [{ packages: { 'lru-cache': '11.0.0' }, direct: ['lru-cache'] }, false, /^lru-cache 11\.0\.0 is a cache/],
  ])('%j', (over, hurts, text) => expect(texts(over)).toEqual([[hurts, expect.stringMatching(text)]]));

  test('a package that others ask for is their own matter', () => {
    expect(texts({ packages: { 'lru-cache': '11.0.0' } })).toEqual([]);
  });

  test('a stream of events is named', () => expect(texts({}, ['/events'])[0]![1]).toContain('/events'));
});

test('frameworks are those that were loaded, and those whose build holds them by package.json', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tahan-frameworks-'));
  writeFileSync(join(folder, 'package.json'), '{"devDependencies":{"astro":"^7.3.5","koa":"3"}}');
  expect(frameworksOf({ packages: { express: '5.3.0' } }, folder)).toEqual([
    'Astro (package.json: ^7.3.5)',
    'Express 5.3.0',
  ]);
  rmSync(folder, { recursive: true });
  expect(frameworksOf({ packages: {} }, folder)).toEqual([]);
});

test('of what the server writes the warnings of the worker are taken, each once', () => {
  const line = (process: string, msg: string, level = 40): string => JSON.stringify({ level, process, msg });
  const output = [
    line('worker-1', 'two ports'),
    line('worker-1', 'two ports'),
    line('primary', 'few files'),
    line('worker-1', 'an error', 50),
    line('worker-1', 'the app asks for port 3000; it is served on port 1'),
    '{"level":40,"cut',
    'hello',
  ].join('\n');
  expect(warningsIn(output)).toEqual(['two ports']);
});

test('of a start that failed the app’s own words are told, and the reason that the server gives', () => {
  const log = (given: object): string => JSON.stringify({ level: 50, process: 'primary', ...given });
  const output = ['Error: no database', log({ msg: 'worker could not start', reason: 'because' }), log({ msg: 'x' })];
  expect(saidAtStart(output.join('\n'))).toBe('Error: no database\nbecause');
});

test('what was seen only once is told, and does not count', () => {
  const spot = {
    name: 'load',
    place: 'a.js:1',
    mostly: undefined,
    longestMs: 50,
    spans: [{ fromUs: 0, toUs: 50_000 }],
  };
  const report = {
    file: 'a.js',
    frameworks: [],
    app: undefined,
    startedMs: 1_000,
    warnings: [],
    pages: [],
    spots: [spot],
    losses: [],
  };
  const once = appLines(report);
  expect(once.healthy).toBe(true);
  expect(once.lines.join('\n')).toContain('once: perhaps only at the first call');
  const twice = appLines({
    ...report,
    spots: [{ ...spot, spans: [spot.spans[0]!, { fromUs: 90_000, toUs: 140_000 }] }],
  });
  expect(twice.healthy).toBe(false);
});
