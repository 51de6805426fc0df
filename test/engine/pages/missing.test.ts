import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { pageFor } from '../cache/fixtures/page-of.ts';
import { startWorker, type TestWorker, until } from '../request/fixtures/worker.ts';

let worker: TestWorker | undefined;
afterEach(() => worker?.close());

type Head = Record<string, string>;

/** A site that counts how often it is asked; what it answers may change. */
class CountingSite {
  asked = 0;
  answer: (response: ServerResponse) => unknown = (response) => response.writeHead(404).end('not there');
  /** So many visitors have come when the site answers for the first time. */
  crowd = 1;
}

async function start(site: CountingSite, more: { quick?: boolean } = {}): Promise<TestWorker> {
  const server: TestWorker = await startWorker({
    site: {
      async handler(_request, response) {
        site.asked += 1;
        await until(() => server.lookups.length >= site.crowd);
        return site.answer(response);
      },
      policies: [{ route: '/*', cache: { ttlMs: 60_000, swrMs: 60_000, sieMs: 600_000, tags: ['all'] } }],
    },
    ...more,
  });
  worker = server;
  return server;
}

const KEY = '\n\n/a';
const answering =
  (status: number, head: Head, body = 'not there') =>
  (response: ServerResponse): unknown =>
    response.writeHead(status, head).end(body);

/** The next ms of the clock that tells renders and purges apart. */
async function nextMs(): Promise<void> {
  const now = Date.now();
  await until(() => Date.now() > now + 1);
}

/** The page is there from now on, and something is purged. */
async function publish(site: CountingSite, { memory }: TestWorker, tag = 'some-list'): Promise<void> {
  await nextMs();
  site.answer = answering(200, {}, 'the page');
  memory.purge([tag], false, Date.now());
  await nextMs();
}

const crowdAt = ({ get }: TestWorker, visitors: number, path = '/a') =>
  Promise.all(Array.from({ length: visitors }, () => get(path)));

describe('a crowd at a page that is not there yet', () => {
  test.each<[string, Head]>([
    ['says no more', {}],
    ['varies by Accept', { vary: 'Accept' }],
    ['must not be stored', { 'cache-control': 'no-store', vary: 'Accept' }],
    ['sets a cookie', { 'set-cookie': 'visit=1' }],
    ['is private', { 'cache-control': 'private' }],
  ])('costs one run when the 404 %s, and the page is cached from its publication on', async (_name, head) => {
    const site = new CountingSite();
    site.answer = answering(404, head);
    site.crowd = 20;
    const server = await start(site);
    const before = await crowdAt(server, 20);
    expect(before.every(({ status, body }) => status === 404 && body === 'not there')).toBe(true);
    expect(site.asked).toBe(1);
    await publish(site, server);
    expect(await server.get('/a')).toMatchObject({ status: 200, body: 'the page' });
    const after = await crowdAt(server, 20);
    expect(after.map(({ headers }) => headers['cache-status'])).toEqual(
      Array.from({ length: 20 }, () => expect.stringMatching(/^tahan; hit/)),
    );
    expect(site.asked).toBe(2);
  });

  test('is answered from a copy of the 404 for a moment, in bytes too, until anything is purged', async () => {
    const site = new CountingSite();
    const server = await start(site, { quick: true });
    expect((await server.get('/a')).headers['cache-status']).toBe('tahan; fwd=miss');
    const again = await server.get('/a', { headers: { 'if-none-match': '*' } });
    expect(again).toMatchObject({ status: 404, body: 'not there', headers: { 'cache-control': 'no-store' } });
    expect(again.headers['cache-status']).toMatch(/^tahan; hit/);
    expect(again.headers.etag).toBeUndefined();
    expect((await server.get('/a', { method: 'HEAD' })).status).toBe(404);
    expect(site.asked).toBe(1);
    expect([server.store.size, server.memory.pages]).toEqual([0, 0]);
    await publish(site, server);
    expect((await server.get('/a')).body).toBe('the page');
  });

  test('gets the page when a purge and not a 404 came last, though the 404 ends later', async () => {
    const site = new CountingSite();
    const server = await start(site);
    let finish = (): void => {};
    site.answer = (response) => {
      finish = () => response.writeHead(404).end();
    };
    const early = server.get('/a');
    await until(() => site.asked === 1);
    await publish(site, server);
    await until(() => server.dispatcher.inFlight === 1);
    finish();
    expect((await early).status).toBe(404);
    expect((await server.get('/a')).body).toBe('the page');
  });
});

test('an unknown address costs one run, whatever the 404 says', async () => {
  const site = new CountingSite();
  const server = await start(site);
  const heads: Head[] = [{}, { vary: 'Accept' }, { vary: 'Cookie' }, { 'set-cookie': 'a=b' }, { vary: 'X-Who' }];
  for (const [n, head] of heads.entries()) {
    site.answer = answering(404, head);
    const answer = await server.get(`/${n}`);
    expect([answer.status, answer.headers['set-cookie']]).toEqual([404, undefined]);
  }
  expect(site.asked).toBe(heads.length);
});

test('a visitor whose own header the 404 names asks the site himself, and only he', async () => {
  const site = new CountingSite();
  site.answer = answering(404, { vary: 'Cookie' });
  site.crowd = 3;
  const server = await start(site);
  const all = [server.get('/a'), server.get('/a', { headers: { cookie: 'draft=1' } }), server.get('/a')];
  await until(() => server.lookups.length === 3);
  expect((await Promise.all(all)).map(({ status }) => status)).toEqual([404, 404, 404]);
  expect(site.asked).toBe(2);
});

describe('a page that may not be stored', () => {
  test('is given to the one who asked first; only the others run the site', async () => {
    const site = new CountingSite();
    site.crowd = 3;
    site.answer = (response) => answering(200, { 'cache-control': 'no-store' }, `run ${site.asked}`)(response);
    const server = await start(site);
    const answers = await crowdAt(server, 3);
    expect(site.asked).toBe(3);
    expect(new Set(answers.map(({ body }) => body)).size).toBeGreaterThan(1);
    // It is not waited for again for a while.
    await server.get('/a');
    expect([site.asked, server.lookups.at(-1)]).toEqual([4, 'pass']);
  });

  test('is not given to a visitor with a cookie, who may be somebody to the site', async () => {
    const site = new CountingSite();
    site.answer = answering(200, { 'cache-control': 'no-store' });
    const server = await start(site);
    await server.get('/a', { headers: { cookie: 'a=b' } });
    expect(site.asked).toBe(2);
  });
});

describe('a page that is passed to the site', () => {
  test.each<[string, Head, string, boolean]>([
    ['without tags is one of the cache again after any purge', {}, 'anything', true],
    ['with tags is so after a purge of one of them', { 'cache-tag': 'news' }, 'news', true],
    ['with tags is not so after a purge of others', { 'cache-tag': 'news' }, 'weather', false],
  ])('%s', async (_name, head, tag, ends) => {
    const site = new CountingSite();
    site.answer = answering(200, { 'cache-control': 'private', ...head });
    worker = await startWorker({
      site: {
        handler: (_request, response) => site.answer(response),
        policies: [{ route: '/*', cache: { ttlMs: 60_000 } }],
      },
    });
    const server = worker;
    await server.get('/a');
    await server.get('/a');
    expect(server.lookups).toEqual(['miss', 'pass']);
    await publish(site, server, tag);
    await server.get('/a');
    await server.get('/a');
    expect(server.lookups.slice(2)).toEqual(ends ? ['miss', 'fresh'] : ['pass', 'pass']);
  });
});

describe('a copy of a page that the site says is gone', () => {
  const held = (ageMs: number) =>
    pageFor(KEY, { renderStartedAt: Date.now() - ageMs, renderMs: 0, ttlMs: 1_000, swrMs: 60_000, sieMs: 600_000 });

  test('is given while it may be, and the 404 does not come and go', async () => {
    const site = new CountingSite();
    const server = await start(site);
    server.memory.set(held(5_000));
    await server.get('/a');
    await until(() => site.asked === 1 && server.dispatcher.inFlight === 0);
    expect((await server.get('/a')).status).toBe(200);
  });

  test('is not given any more once it is good in need only: the 404 is, and costs one run', async () => {
    const site = new CountingSite();
    const server = await start(site);
    server.memory.set(held(100_000));
    expect((await server.get('/a')).status).toBe(404);
    expect((await server.get('/a')).status).toBe(404);
    expect(site.asked).toBe(1);
  });
});
