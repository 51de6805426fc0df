import http from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { closeGate, type Listener, startWorker, type TestWorker, until } from './fixtures/worker.ts';

let worker: TestWorker | undefined;
const start = async (handler: Listener, quick = false): Promise<TestWorker> => {
  worker = await startWorker({ site: { handler, learns: true }, quick });
  return worker;
};
afterEach(() => worker?.close());

/** An app whose answer has this Cache-Control, and tells what it was asked with. */
const saying =
  (cacheControl: string | undefined, more: Record<string, string> = {}): Listener =>
  (request, response) => {
    if (cacheControl !== undefined) response.setHeader('cache-control', cacheControl);
    for (const [name, value] of Object.entries(more)) response.setHeader(name, value);
    response.end(`${request.headers.cookie ?? 'nobody'} ${request.headers['x-forwarded-host'] ?? ''}`);
  };

const ME = { headers: { cookie: 'me=1', 'x-forwarded-host': 'evil.example' } };

describe.each([false, true])('an app that says nothing of itself, before the parser: %s', (quick) => {
  test.each(['public, max-age=60', 's-maxage=60'])(
    'is not asked again for what it says is for everybody: %s',
    async (word) => {
      const { get, store } = await start(saying(word), quick);
      expect((await get('/page', ME)).body).toBe('me=1 evil.example');
      await until(() => store.size > 0);
      const copy = await get('/page', ME);
      expect([copy.body, copy.headers['cache-status']]).toEqual(['nobody ', expect.stringContaining('tahan; hit')]);
    },
  );

  test.each([
    ['nothing is said', saying(undefined)],
    ['a lifetime, but not for whom', saying('max-age=60')],
    ['for everybody, but no lifetime', saying('public, max-age=0')],
    ['private', saying('private, s-maxage=60')],
    ['no-store', saying('public, no-store, max-age=60')],
    ['a cookie', saying('public, max-age=60', { 'set-cookie': 'a=1' })],
    ['it varies by cookie', saying('public, max-age=60', { vary: 'Cookie' })],
    ['it varies by everything', saying('public, max-age=60', { vary: '*' })],
  ])('is asked by each visitor: %s', async (_what, handler) => {
    const { get, store, renders } = await start(handler, quick);
    for (const n of [1, 2, 3]) {
      const answer = await get('/page', { headers: { cookie: `me=${n}` } });
      expect([answer.body, answer.headers['cache-status']]).toEqual([`me=${n} `, undefined]);
    }
    expect([store.size, renders.length]).toEqual([0, 0]);
  });

  test('is asked again by who has a secret, whatever it says', async () => {
    const { get, store } = await start(saying('public, max-age=60'), quick);
    await get('/page');
    await until(() => store.size > 0);
    expect((await get('/page', { headers: { authorization: 'Basic eDp5', cookie: 'me=2' } })).body).toBe('me=2 ');
  });

  test('is asked by each visitor again when a page is no longer for everybody', async () => {
    let word = 'public, max-age=1';
    const { get, store } = await start((request, response) => saying(word)(request, response), quick);
    await get('/page');
    await until(() => store.size > 0);
    word = 'private';
    let body = 'nobody ';
    for (const end = Date.now() + 30_000; body === 'nobody ' && Date.now() < end; )
      body = (await get('/page', ME)).body;
    expect(body).toBe('me=1 evil.example');
  });

  test('another query is another page; the parameters of campaigns are not', async () => {
    const { get, store } = await start((request, response) => {
      response.setHeader('cache-control', 'public, max-age=60');
      response.end(request.url);
    }, quick);
    for (const path of ['/list?b=2&a=1', '/list?b=2&a=1', '/list?b=3']) await get(path);
    await until(() => store.size > 0);
    expect([...store.keys()]).toEqual(['\n\n/list?b=2&a=1']);
    expect((await get('/list?utm_source=mail&b=2&a=1&fbclid=x')).body).toBe('/list?b=2&a=1');
  });

  test('has its main page kept for times of need, though nothing was said of it; no other page', async () => {
    const started = await start(saying(undefined), quick);
    await started.get('/');
    await started.get('/other');
    await until(() => started.store.size > 0);
    expect((await started.get('/', ME)).body).toBe('me=1 evil.example');
    const open = await closeGate(started);
    const copy = await started.get('/', ME);
    expect([copy.status, copy.body, copy.headers['cache-status']]).toEqual([
      200,
      'nobody ',
      'tahan; hit; detail=last-good',
    ]);
    expect((await started.get('/other')).status).toBe(503);
    open();
  });

  test('a page that shows the host it was rendered for is asked for by each visitor', async () => {
    const { get, store } = await start((request, response) => {
      response.setHeader('cache-control', 'public, max-age=60');
      response.end(`<link rel="canonical" href="http://${request.headers.host}/page">`);
    }, quick);
    for (const host of ['a.example', 'b.example', 'c.example'])
      expect((await get('/page', { headers: { host } })).body).toContain(host);
    expect(store.size).toBe(0);
  });

  test('a page that is too large for the cache is not asked for behind the visitors’ backs', async () => {
    const { get, renders } = await start((_request, response) => {
      response.writeHead(200, { 'cache-control': 'public, max-age=60', 'content-length': 2_000_000 });
      response.end(Buffer.alloc(2_000_000));
    }, quick);
    await get('/large');
    await get('/large');
    expect(renders).toEqual([]);
  });
});

describe('an upload to an app that says nothing of itself', () => {
  const CHUNK = Buffer.alloc(262_144, 'x');

  test('is read by the app as it comes, and may take longer than the deadline', async () => {
    let firstAt = 0;
    worker = await startWorker({
      site: {
        learns: true,
        handler(request, response) {
          let bytes = 0;
          request.on('data', (chunk: Buffer) => {
            firstAt ||= performance.now();
            bytes += chunk.length;
          });
          request.on('end', () => response.end(String(bytes)));
        },
      },
      deadlineMs: 100,
      bodyLimit: 10_000_000,
    });
    const upload = http.request({
      port: worker.port,
      method: 'POST',
      agent: false,
      headers: { 'content-length': 8 * CHUNK.length },
    });
    const answer = new Promise<string>((resolve, reject) => {
      upload.on('error', reject);
      upload.on('response', (response) => {
        let body = '';
        response.on('data', (part) => {
          body += String(part);
        });
        response.on('end', () => resolve(`${response.statusCode} ${body}`));
      });
    });
    let sentAt = 0;
    for (let part = 0; part < 8; part++) {
      upload.write(CHUNK);
      await new Promise((resolve) => setTimeout(resolve, 50));
      sentAt = performance.now();
    }
    upload.end();
    expect(await answer).toBe(`200 ${8 * CHUNK.length}`);
    expect(firstAt).toBeLessThan(sentAt);
  });
});
