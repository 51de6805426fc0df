import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { codingsFor } from '../../../src/engine/cache/coding.ts';
import { compress, isCompressible } from '../../../src/engine/cache/compress.ts';
import { makePage } from '../../../src/engine/cache/make-page.ts';
import type { Page } from '../../../src/engine/cache/page.ts';
import {
  type Answer,
  answerOf,
  type CacheOutcome,
  headBytes,
  wantsCompressed,
} from '../../../src/engine/cache/wire.ts';
import { pageFor } from './fixtures/page-of.ts';

const START = 1_000_000;
const field = ({ head }: Answer, name: string): string | undefined => {
  for (let at = 0; at < head.length; at += 2) if (head[at] === name) return head[at + 1];
  return undefined;
};
const ask = (page: Page, serving: CacheOutcome, asked: { accept?: string; held?: string } = {}, now = START): Answer =>
  answerOf(page, serving, { acceptEncoding: asked.accept, ifNoneMatch: asked.held }, now, ['x-process', 'test']);
const coded = (): Page =>
  pageFor('\n\n/', { bodies: { identity: Buffer.from('plain'), gzip: Buffer.from('zip'), br: Buffer.from('b') } });

describe('the coding that a visitor gets', () => {
  test.each<[string | undefined, string[]]>([
    [undefined, ['identity']],
    ['', ['identity']],
    ['gzip, deflate, br, zstd', ['br', 'gzip', 'identity']],
    ['br;q=1.0, gzip;q=0.8, *;q=0.1', ['br', 'gzip', 'identity']],
    ['br;q=0.5, gzip;q=0.8', ['gzip', 'br', 'identity']],
    ['GZIP', ['gzip', 'identity']],
    ['x-gzip', ['gzip', 'identity']],
    ['br;q=0, gzip', ['gzip', 'identity']],
    ['br ; Q=0.000, *', ['gzip', 'identity']],
    ['identity, br;q=0.5', ['identity', 'br']],
    ['identity;q=0, gzip', ['gzip', 'identity']],
    ['*;q=0', ['identity']],
    ['brotli, gzipped', ['identity']],
    ['gzip;q=high', ['identity']],
    ['gzip;level=9;q=0.2', ['gzip', 'identity']],
  ])('%j: %j', (header, expected) => {
    expect(codingsFor(header)).toEqual(expected);
    expect(wantsCompressed(header)).toBe(expected[0] !== 'identity');
  });

  test('stays right when very many different headers were seen', () => {
    for (let at = 0; at < 2_000; at++) codingsFor(`gzip;q=0.5, x${at}`);
    expect(codingsFor('gzip, deflate, br')).toEqual(['br', 'gzip', 'identity']);
    expect(codingsFor('gzip;q=0.5, x7')).toEqual(['gzip', 'identity']);
  });

  test('is one that the page is kept in', () => {
    const { br: _, ...bodies } = coded().bodies;
    const answer = ask({ ...coded(), bodies }, 'fresh', { accept: 'gzip, br' });
    expect([field(answer, 'content-encoding'), answer.body?.toString(), field(answer, 'content-length')]).toEqual([
      'gzip',
      'zip',
      '3',
    ]);
  });
});

describe('the answer', () => {
  test('tells how old the page is and how it was served, anew each second', () => {
    const page = coded();
    expect([field(ask(page, 'fresh'), 'age'), field(ask(page, 'fresh'), 'cache-status')]).toEqual([
      '0',
      'tahan; hit; ttl=10',
    ]);
    const later = ask(page, 'fresh', {}, START + 3_500);
    expect([field(later, 'age'), field(later, 'cache-status')]).toEqual(['3', 'tahan; hit; ttl=6']);
    expect(ask(page, 'fresh', {}, START + 3_900)).toBe(later);
    expect(field(ask(page, 'revalidate', {}, START + 12_000), 'cache-status')).toBe(
      'tahan; hit; ttl=-2; detail=revalidate',
    );
    expect(field(ask(page, 'last_good', {}, START + 40_000), 'cache-status')).toBe('tahan; hit; detail=last-good');
    expect(field(ask(page, 'miss'), 'cache-status')).toBe('tahan; fwd=miss');
  });

  test('carries the headers of the process and of the page', () => {
    const page = {
      ...coded(),
      headers: [
        ['content-type', 'text/html'],
        ['link', '<a>'],
        ['link', '<b>'],
      ] as const,
    };
    const { head } = ask(page, 'fresh');
    expect(head.slice(0, 8)).toEqual(['x-process', 'test', 'content-type', 'text/html', 'link', '<a>', 'link', '<b>']);
  });

  test('lets a browser keep the page but ask each time, unless the site says that it never changes', () => {
    const headers = (value: string): Page => ({ ...coded(), headers: [['cache-control', value]], tags: ['post'] });
    expect(field(ask(headers('public, max-age=60'), 'fresh'), 'cache-control')).toBe(
      'public, max-age=0, must-revalidate',
    );
    expect(field(ask(headers('max-age=9, immutable'), 'fresh'), 'cache-control')).toBe('max-age=9, immutable');
    expect(field(ask(headers('max-age=9, immutable'), 'last_good'), 'cache-control')).toBe('no-store');
  });

  test('lets a browser keep a page as the site says, where it has no tag by which it could be purged', () => {
    const page: Page = { ...coded(), headers: [['cache-control', 'public, max-age=60']], tags: ['path /'] };
    expect(field(ask(page, 'fresh'), 'cache-control')).toBe('public, max-age=60');
    expect(field(ask(page, 'last_good'), 'cache-control')).toBe('no-store');
  });

  test('varies by coding, and by language where the key has one', () => {
    expect(field(ask(coded(), 'fresh'), 'vary')).toBe('Accept-Encoding');
    expect(field(ask({ ...coded(), key: 'id\n\n/' }, 'fresh'), 'vary')).toBe('Accept-Encoding, Accept-Language');
    expect(field(ask({ ...coded(), headers: [['vary', 'accept-encoding']] }, 'fresh'), 'vary')).toBe('accept-encoding');
    expect(field(ask({ ...coded(), compressible: false }, 'fresh'), 'vary')).toBeUndefined();
  });
});

describe('answers with the note of a last good copy', () => {
  const noted = (bytes: number): Page =>
    pageFor('\n\n/', { bodies: { identity: Buffer.from(`<html><body>${'x'.repeat(bytes)}`) } });

  test('are made once a second, and kept up to 4 MiB', () => {
    const page = noted(1_000_000);
    const first = ask(page, 'last_good');
    expect(ask(page, 'last_good')).toBe(first);
    for (let n = 0; n < 2; n++) ask(noted(1_000_000), 'last_good');
    expect(ask(page, 'last_good')).toBe(first);
    for (let n = 0; n < 2; n++) ask(noted(1_000_000), 'last_good');
    expect(ask(page, 'last_good')).not.toBe(first);
  });

  test('hold no page in memory that nobody else holds', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const gone = ((): WeakRef<Page> => {
      const page = noted(1_000);
      ask(page, 'last_good');
      return new WeakRef(page);
    })();
    for (let n = 0; n < 100 && gone.deref() !== undefined; n++) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    expect(gone.deref()).toBeUndefined();
  });
});

describe('a visitor who holds a copy', () => {
  test.each<[string, string | undefined]>([
    ['"abc"', '"abc"'],
    ['W/"abc"', '"abc"'],
    ['"abc-br"', '"abc-br"'],
    ['"x", W/"abc-gzip" , "y"', '"abc-gzip"'],
    ['*', '"abc-br"'],
    ['"ab"', undefined],
    ['"abcd"', undefined],
    ['abc', undefined],
    ['"abc-zstd"', undefined],
    ['', undefined],
  ])('and says If-None-Match: %s', (held, confirmed) => {
    const answer = ask(coded(), 'fresh', { accept: 'br, gzip', held });
    expect(answer.status).toBe(confirmed === undefined ? 200 : 304);
    expect(field(answer, 'etag')).toBe(confirmed ?? '"abc-br"');
  });

  test('in a coding that this request does not accept gets the page: a proxy asks for several visitors', () => {
    const answer = ask(coded(), 'fresh', { accept: 'br', held: '"abc-gzip"' });
    expect([answer.status, field(answer, 'etag')]).toEqual([200, '"abc-br"']);
    expect(ask(coded(), 'fresh', { held: '"abc-gzip"' }).status).toBe(200);
    expect(ask(coded(), 'fresh', { held: '"abc-gzip", "abc"' }).status).toBe(304);
  });

  test('gets a 304 without a body or what describes it, but with what may have changed', () => {
    const page = {
      ...coded(),
      headers: [
        ['content-type', 'text/html'],
        ['content-language', 'id'],
        ['content-location', '/x'],
        ['link', '<a>'],
      ] as const,
    };
    const answer = ask(page, 'fresh', { held: '*' });
    expect(answer.body).toBeUndefined();
    for (const name of ['content-type', 'content-language', 'content-length', 'content-encoding'])
      expect(field(answer, name)).toBeUndefined();
    for (const name of ['content-location', 'link', 'etag', 'vary', 'cache-control', 'age', 'cache-status'])
      expect(field(answer, name)).toBeDefined();
  });

  test('gets the whole page when it is served in need', () => {
    const answer = ask(coded(), 'last_good', { held: '"abc"', accept: 'br' });
    expect([answer.status, field(answer, 'etag')]).toEqual([200, undefined]);
  });
});

describe('a page served in need', () => {
  const html = (body: string, type = 'text/html; charset=utf-8'): Page =>
    pageFor('\n\n/', {
      headers: [['content-type', type]],
      bodies: { identity: Buffer.from(body), br: Buffer.from('b') },
    });
  const served = (body: string, ageMs = 180_000): string => {
    const answer = ask(html(body), 'last_good', { accept: 'br' }, START + ageMs);
    expect(field(answer, 'content-length')).toBe(String(answer.body!.length));
    return answer.body!.toString();
  };
  const note = (age: string): string =>
    `<p class="tahan-last-good" role="status">Many people are here right now. You see a copy of this page from ${age} ago.</p>`;

  test.each([
    ['<body>', '<p>é</p></body>'],
    ['<html><BODY class="a>b" data-x=\'>\'>', 'x'],
    ['<!-- <body> --><script>"<body>"</script><title><body></title><body\n>', 'x'],
    ['<body-class><body>', 'x'],
  ])('has a note of its age behind %j', (before, after) => {
    expect(served(before + after)).toBe(before + note('3 minutes') + after);
  });

  test.each(['no body tag', '<body', '<body class="a>', '<!-- <body>'])('stays as it is when it is %j', (body) => {
    const answer = ask(html(body), 'last_good', {}, START + 1_000);
    expect([answer.body!.toString(), field(answer, 'content-encoding')]).toEqual([body, undefined]);
  });

  test('is compressed as ever when it is not HTML', () => {
    const answer = ask(html('<body>', 'application/atom+xml'), 'last_good', { accept: 'br' });
    expect([answer.body!.toString(), field(answer, 'content-encoding'), field(answer, 'cache-control')]).toEqual([
      'b',
      'br',
      'no-store',
    ]);
  });

  test.each<[number, string]>([
    [0, '1 second'],
    [59_999, '59 seconds'],
    [60_000, '1 minute'],
    [7_200_000, '2 hours'],
    [90_000_000, '1 day'],
  ])('tells an age of %i ms as %s', (ageMs, words) => {
    expect(served('<body>', ageMs)).toContain(` ${words} ago`);
  });

  test('is made once a second, and many large ones do not pile up', () => {
    const page = html('<body>');
    expect(ask(page, 'last_good', {}, START + 100)).toBe(ask(page, 'last_good', {}, START + 900));
    const large = Array.from({ length: 20 }, () => html(`<body>${'x'.repeat(500_000)}`));
    const first = ask(large[0]!, 'last_good');
    for (const one of large) ask(one, 'last_good');
    expect(ask(large[0]!, 'last_good')).not.toBe(first);
    expect(ask(large[19]!, 'last_good').body!.length).toBeGreaterThan(500_000);
  });
});

test('the bytes of a head are what an HTTP client reads', async () => {
  const answer = ask(coded(), 'fresh', { accept: 'gzip' });
  const bytes = headBytes(answer, 'connection: close\r\n');
  expect(headBytes(answer, 'connection: close\r\n')).toBe(bytes);
  expect(headBytes(answer, 'connection: keep-alive\r\n')).not.toBe(bytes);
  const server = createServer(({ socket }) => {
    socket.write(bytes);
    socket.end(answer.body!);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { status, headers, body } = await new Promise<{ status: number | undefined; headers: object; body: string }>(
      (resolve, reject) => {
        request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }, (response) => {
          response.setEncoding('latin1');
          let text = '';
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
        })
          .on('error', reject)
          .end();
      },
    );
    expect([status, body]).toEqual([200, 'zip']);
    expect(headers).toMatchObject({
      'content-length': '3',
      etag: '"abc-gzip"',
      date: new Date(START).toUTCString(),
      connection: 'close',
    });
  } finally {
    server.close();
  }
});

describe('what a render gave', () => {
  const rendered = (headers: Record<string, string | string[]> = {}, status = 200) => ({
    status,
    headers: { 'content-type': 'text/html', ...headers },
    body: Buffer.from('<p>hello'),
    renderStartedAt: START,
    renderMs: 3,
  });
  const make = (headers?: Record<string, string | string[]>, status?: number) =>
    makePage('\n\n/', { ttlMs: 5_000, tags: ['home'] }, rendered(headers, status), 9_000, 0.5);

  test('becomes a page with its tags, lifetimes and a validator of its body', () => {
    expect(make({ 'cache-tag': 'post:1, home, , post:2', etag: '"own"' })).toMatchObject({
      tags: ['home', 'post:1', 'post:2', 'path /', 'path'],
      headers: [['content-type', 'text/html']],
      etag: expect.stringMatching(/^"[\w-]{27}"$/),
      compressible: true,
      ttlMs: 5_000,
      sieMs: 9_000,
      purged: false,
    });
  });

  test('is not kept when it is not a good answer for everybody', () => {
    expect([
      make({}, 302),
      make({}, 500),
      make({ 'set-cookie': 'a=b' }),
      make({ vary: '*' }),
      make({ 'content-encoding': 'br' }),
    ]).toEqual(Array(5).fill(undefined));
  });

  test('is kept for a moment, and not compressed, where it is that there is no page', () => {
    expect(make({}, 404)).toMatchObject({ status: 404, ttlMs: 1_000, swrMs: 0, sieMs: 0, compressible: false });
    expect(make({ 'cache-control': 'no-store' }, 404)).toBeUndefined();
  });

  test('loses headers of the connection and those that could split an answer', () => {
    const page = make({
      connection: 'close, X-Hop',
      'x-hop': 'for the next one only',
      'proxy-authenticate': 'Basic',
      'cdn-cache-control': 'max-age=60',
      'content-length': '3',
      date: 'x',
      expires: '0',
      'x-bad': 'a\r\nset-cookie: b',
      'x-many': ['1', '2'],
    })!;
    expect(page.headers).toEqual([
      ['content-type', 'text/html'],
      ['x-many', '1'],
      ['x-many', '2'],
    ]);
  });

  test('has the age that it came with', () => {
    const page = make({ age: '20', 'cache-control': 'max-age=60' })!;
    expect([page.upstreamAgeMs, page.ttlMs]).toEqual([20_000, 57_000]);
    const { head } = answerOf(page, 'fresh', { acceptEncoding: undefined, ifNoneMatch: undefined }, START + 5_000, []);
    expect(head[head.indexOf('age') + 1]).toBe('25');
    expect(make({ age: 'x' })).toMatchObject({ upstreamAgeMs: 0, ttlMs: 0 });
  });

  test('takes no more memory than its own bytes', () => {
    expect(make()!.bodies.identity.buffer.byteLength).toBe(8);
  });
});

describe('compression', () => {
  test('makes both codings of what gets smaller', () => {
    const body = Buffer.from('<p>hello</p>'.repeat(500));
    const { gzip, br } = compress(body);
    expect([gunzipSync(gzip!), brotliDecompressSync(br!)]).toEqual([body, body]);
    expect(gzip!.buffer.byteLength).toBe(gzip!.byteLength);
  });
  test('leaves what is small or does not get smaller', () => {
    expect(compress(Buffer.from('a'.repeat(511)))).toEqual({});
    const noise = Buffer.from(Array.from({ length: 2_000 }, (_, at) => (at * at * 31 + (at << 3)) & 255));
    const random = compress(Buffer.concat([compress(Buffer.alloc(100_000, noise)).br!, noise]).subarray(0, 600));
    expect(Object.values(random).every((coded) => coded.length < 600)).toBe(true);
  });
  test.each([
    ['text/html; charset=utf-8', true],
    ['Application/JSON', true],
    ['application/atom+xml', true],
    ['application/javascript', true],
    ['image/svg+xml', true],
    ['image/png', false],
    ['application/octet-stream', false],
    ['', false],
  ])('of %j: %s', (type, expected) => expect(isCompressible(type)).toBe(expected));
});
