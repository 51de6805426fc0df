import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { requestInfoOf } from '../../../src/engine/request-info.ts';
import type { Site } from '../../../src/engine/site.ts';
import { memoryRecords } from './fixtures/records.ts';
import { startWorker, type TestWorker, until, type WorkerOptions } from './fixtures/worker.ts';

let worker: TestWorker | undefined;
afterEach(async () => {
  await worker?.close();
  worker = undefined;
});

const start = async (site: Site | Site['handler'], options: Partial<WorkerOptions> = {}): Promise<TestWorker> => {
  worker = await startWorker({ site: typeof site === 'function' ? { handler: site } : site, ...options });
  return worker;
};

const FORM = 'application/x-www-form-urlencoded';
const post = (
  path: string,
  { body = 'a=1', ...headers }: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> =>
  fetch(`http://127.0.0.1:${worker!.port}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': FORM, ...headers },
    redirect: 'manual',
    ...(signal === undefined ? {} : { signal }),
  });

/** Answers with the number of times that it was asked. */
const counting = (status = 201): { site: Site['handler']; times: () => number } => {
  let times = 0;
  return {
    times: () => times,
    site(_request, response) {
      times += 1;
      response.writeHead(status, { 'content-type': 'text/plain', 'x-made': 'here', 'set-cookie': ['a=1', 'b=2'] });
      response.write('time ');
      response.end(String(times));
    },
  };
};

describe('a request with an idempotency key', () => {
  test('is done once, and every other try gets the first answer with its headers', async () => {
    const { site, times } = counting();
    await start(site);
    const first = await post('/', { 'idempotency-key': 'k1' });
    const second = await post('/', { 'idempotency-key': '"k1"' });
    expect(await first.text()).toBe('time 1');
    expect(await second.text()).toBe('time 1');
    expect([second.status, second.headers.get('x-made'), second.headers.getSetCookie()]).toEqual([
      201,
      'here',
      ['a=1', 'b=2'],
    ]);
    expect([first.headers.get('idempotency-status'), second.headers.get('idempotency-status')]).toEqual([
      null,
      'replayed',
    ]);
    expect(times()).toBe(1);
  });

  test('may have its key in a field of the form, plain or with files', async () => {
    const { site, times } = counting();
    await start(site);
    for (let tries = 0; tries < 2; tries++) await post('/', { body: 'a=1&_idempotency_key=f%2D1' });
    expect(times()).toBe(1);
    for (let tries = 0; tries < 2; tries++) {
      // Each try has a boundary of its own, as in a browser.
      const boundary = `----b${tries}`;
      await post('/', {
        'content-type': `multipart/form-data; boundary=${boundary}`,
        body: `--${boundary}\r\ncontent-disposition: form-data; name="_idempotency_key"\r\n\r\nf-2\r\n--${boundary}--\r\n`,
      });
    }
    expect(times()).toBe(2);
  });

  test('with another body is a 422, and with another path, method or visitor another request', async () => {
    const { site, times } = counting();
    await start(site);
    await post('/', { 'idempotency-key': 'k', cookie: 'session=a' });
    const other = await post('/', {
      'idempotency-key': 'k',
      cookie: 'session=a',
      body: 'a=2',
      accept: 'application/json',
    });
    expect([other.status, await other.json()]).toEqual([
      422,
      { error: { status: 422, code: 'IDEMPOTENCY_KEY_REUSED', message: expect.any(String) } },
    ]);
    await post('/elsewhere', { 'idempotency-key': 'k', cookie: 'session=a' });
    await post('/', { 'idempotency-key': 'k', cookie: 'session=b' });
    await post('/', { 'idempotency-key': 'k', cookie: 'session=a', authorization: 'Bearer x' });
    expect(times()).toBe(4);
    // Cookies of statistics change between two tries of one form.
    await post('/', { 'idempotency-key': 'k', cookie: '_ga=77; session=a' });
    expect(times()).toBe(4);
  });

  test('counts only the cookies that the site names', async () => {
    const { site, times } = counting();
    await start({ handler: site, sessionCookies: ['sid'] });
    await post('/', { 'idempotency-key': 'k', cookie: 'sid=1; seen=1' });
    await post('/', { 'idempotency-key': 'k', cookie: 'sid=1; seen=2' });
    await post('/', { 'idempotency-key': 'k', cookie: 'sid=2; seen=2' });
    expect(times()).toBe(2);
  });

  test('whose first try is under way is a 409 that says when to come again', async () => {
    let answer = (): void => {};
    await start((_request, response) => {
      answer = () => response.end('done');
    });
    const first = post('/', { 'idempotency-key': 'k' });
    await until(() => worker!.dispatcher.inFlight > 0);
    const second = await post('/', { 'idempotency-key': 'k' });
    expect([second.status, second.headers.get('retry-after'), second.headers.get('idempotency-status')]).toEqual([
      409,
      '1',
      'in-progress',
    ]);
    answer();
    expect(await (await first).text()).toBe('done');
    expect(await (await post('/', { 'idempotency-key': 'k' })).text()).toBe('done');
  });

  test.each([500, 503, 429, 403])('that was answered with %d is done again', async (status) => {
    const { site, times } = counting(status);
    await start(site);
    await post('/', { 'idempotency-key': 'k' });
    expect((await post('/', { 'idempotency-key': 'k' })).status).toBe(status);
    expect(times()).toBe(2);
  });

  test('on which the site throws is done again', async () => {
    let times = 0;
    await start(() => {
      times += 1;
      if (times === 1) throw new Error('the first time');
      throw new Error('the second time');
    });
    expect((await post('/', { 'idempotency-key': 'k' })).status).toBe(500);
    expect((await post('/', { 'idempotency-key': 'k' })).status).toBe(500);
    expect(times).toBe(2);
  });

  test('that the visitor gave up is answered to the next try, when the site ends it', async () => {
    let end = (): void => {};
    let times = 0;
    await start((_request, response) => {
      times += 1;
      end = () => response.end('done after all');
    });
    const gone = new AbortController();
    const first = post('/', { 'idempotency-key': 'k' }, gone.signal);
    await until(() => times === 1);
    gone.abort();
    await expect(first).rejects.toThrow();
    expect((await post('/', { 'idempotency-key': 'k' })).status).toBe(409);
    end();
    await until(() => true);
    expect(await (await post('/', { 'idempotency-key': 'k' })).text()).toBe('done after all');
    expect(times).toBe(1);
  });

  test('that was late is not done again while the site is still at work on it', async () => {
    const ends: (() => void)[] = [];
    await start((_request, response) => void ends.push(() => response.end('late')), { deadlineMs: 100 });
    expect((await post('/', { 'idempotency-key': 'k' })).status).toBe(503);
    expect((await post('/', { 'idempotency-key': 'k' })).status).toBe(409);
    ends[0]!();
    const again = post('/', { 'idempotency-key': 'k' });
    await until(() => ends.length === 2);
    ends[1]!();
    expect(await (await again).text()).toBe('late');
  });

  test('is refused where the records cannot be read: it might be done twice', async () => {
    const { site, times } = counting();
    const records = { ...memoryRecords(), claim: () => Promise.reject(new Error('disk')) };
    await start(site, { records });
    const answer = await post('/', { 'idempotency-key': 'k' });
    expect([answer.status, answer.headers.get('retry-after') !== null, times()]).toEqual([503, true, 0]);
  });

  test('with a key that is none is a 400', async () => {
    const { site, times } = counting();
    await start(site);
    expect((await post('/', { 'idempotency-key': 'x'.repeat(256) })).status).toBe(400);
    expect(times()).toBe(0);
  });

  test('is told where to go by the script of the browser, the others by a redirect', async () => {
    await start((_request, response) => void response.writeHead(303, { location: '/there' }).end());
    const native = await post('/', { 'idempotency-key': 'k' });
    expect([native.status, native.headers.get('location')]).toEqual([303, '/there']);
    const script = await post('/', { 'idempotency-key': 'k', 'tahan-client': '1' });
    expect([script.status, script.headers.get('tahan-location'), script.headers.get('location')]).toEqual([
      204,
      '/there',
      null,
    ]);
    const first = await post('/', { 'idempotency-key': 'k2', 'tahan-client': '1' });
    expect([first.status, first.headers.get('tahan-location')]).toEqual([204, '/there']);
  });

  test('with a larger answer than is kept is answered once, and then told that it was done', async () => {
    let times = 0;
    await start((_request, response) => {
      times += 1;
      response.setHeader('content-type', 'text/plain');
      for (let part = 0; part < 10; part++) response.write('x'.repeat(10_000));
      response.end('y');
    });
    expect((await (await post('/', { 'idempotency-key': 'k' })).text()).length).toBe(100_001);
    const again = await post('/', { 'idempotency-key': 'k' });
    expect([again.status, again.headers.get('idempotency-status'), times]).toEqual([409, 'not-kept', 1]);
  });

  test('with a long answer is not held: what is too large to be kept goes out as it comes', async () => {
    let end = (): void => {};
    await start((_request, response) => {
      response.write('x'.repeat(70_000));
      end = () => response.end('y');
    });
    const answer = await post('/', { 'idempotency-key': 'k' });
    end();
    expect((await answer.text()).length).toBe(70_001);
  });

  test('tells the site its key, which only tries of the same visitor share', async () => {
    const keys: (string | undefined)[] = [];
    await start((request: IncomingMessage, response: ServerResponse) => {
      keys.push(requestInfoOf(request).idempotencyKey);
      response.writeHead(503).end();
    });
    for (const cookie of ['s=1', 's=1', 's=2']) await post('/', { 'idempotency-key': 'k', cookie });
    await post('/');
    expect(keys[0]).toMatch(/^[\w-]{43}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
    expect(keys[3]).toBeUndefined();
  });

  test('reaches an Express app, and what it answers is kept', async () => {
    const app = express();
    let times = 0;
    app.post('/json', express.urlencoded(), (request, response) => {
      times += 1;
      response.json({ times, got: request.body });
    });
    app.post('/go', (_request, response) => {
      times += 1;
      response.redirect(303, '/there');
    });
    await start(app);
    for (let tries = 0; tries < 2; tries++)
      expect(await (await post('/json', { 'idempotency-key': 'k' })).json()).toEqual({ times: 1, got: { a: '1' } });
    for (let tries = 0; tries < 2; tries++)
      expect((await post('/go', { 'idempotency-key': 'k' })).headers.get('location')).toBe('/there');
    expect(times).toBe(2);
  });
});
