import { afterEach, describe, expect, test } from '@jest/globals';
import type { Page } from '../../../src/engine/cache/page.ts';
import type { CachePolicy, RoutePolicy } from '../../../src/engine/site.ts';
import { held, pageFor } from '../cache/fixtures/page-of.ts';
import {
  closeGate,
  type Listener,
  startWorker,
  type TestWorker,
  until,
  type WorkerOptions,
} from '../request/fixtures/worker.ts';

let worker: TestWorker | undefined;
afterEach(() => worker?.close());

const CACHE: CachePolicy = { ttlMs: 60_000, swrMs: 60_000, query: ['q'] };
/** A worker whose pages under `/` are cached. */
async function start(
  handler: Listener,
  { policy = {}, ...more }: Omit<WorkerOptions, 'site'> & { policy?: Partial<RoutePolicy> } = {},
): Promise<TestWorker> {
  worker = await startWorker({ site: { handler, policies: [{ route: '/*', cache: CACHE, ...policy }] }, ...more });
  return worker;
}

const keyOf = (path: string): string => `\n\n${path}`;
/** A copy of a page that was rendered so long ago. */
const copy = (path: string, ageMs: number, more: Partial<Page> = {}): Page =>
  pageFor(keyOf(path), {
    renderStartedAt: Date.now() - ageMs,
    renderMs: 0,
    bodies: { identity: Buffer.from('<html><body>old copy</body></html>') },
    compressible: false,
    ...more,
  });
const FRESH_MS = 1;
const REVALIDATE_MS = 20_000;
const LAST_GOOD_MS = 40_000;
const DEAD_MS = 100_000;

const CONNECTIONS = Array.from({ length: 10 }, (_, n) => n);

describe('a cacheable page', () => {
  test('is rendered once for all who wait for it, then given fresh', async () => {
    let rendered = 0;
    const { get, lookups, store, renders } = await start(async (_request, response) => {
      rendered += 1;
      await until(() => lookups.length === CONNECTIONS.length);
      response.end('page');
    });
    const answers = await Promise.all(CONNECTIONS.map(() => get('/a')));
    expect(rendered).toBe(1);
    expect(renders).toEqual(['miss']);
    expect(answers.map(({ body }) => body)).toEqual(CONNECTIONS.map(() => 'page'));
    expect(answers[0]!.headers['cache-status']).toBe('tahan; fwd=miss');
    expect((await get('/a')).headers['cache-status']).toMatch(/^tahan; hit; ttl=/);
    expect(lookups.at(-1)).toBe('fresh');
    expect(store.has(keyOf('/a'))).toBe(true);
  });

  test('is not given to whoever sends a header by which it varies: the site answers him', async () => {
    let asked = 0;
    const { get, lookups } = await start(async ({ headers: { rsc } }, response) => {
      response.setHeader('vary', 'RSC');
      if (rsc !== undefined) {
        response.end('payload');
        return;
      }
      asked += 1;
      await until(() => lookups.length >= 2);
      response.end('page');
    });
    // Both wait for the first render; then there is a copy, looked for before the parser and behind it.
    const first = await Promise.all([get('/a'), get('/a', { headers: { rsc: '1' } })]);
    expect(first.map(({ body }) => body)).toEqual(['page', 'payload']);
    expect((await get('/a', { headers: { rsc: '1' } })).body).toBe('payload');
    expect((await get('/a', { headers: { rsc: '1', te: 'trailers' } })).body).toBe('payload');
    expect((await get('/a')).body).toBe('page');
    expect(asked).toBe(1);
  });

  test('gets a 304 for who has it, and no body for HEAD', async () => {
    const { get, memory } = await start((_request, response) => response.end('site'));
    memory.set(copy('/a', FRESH_MS));
    const { headers } = await get('/a');
    expect((await get('/a', { headers: { 'if-none-match': headers.etag! } })).status).toBe(304);
    const head = await get('/a', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': headers['content-length'] } });
  });

  test('is read from the store where memory has none', async () => {
    const { get, store, lookups } = await start((_request, response) => response.end('site'));
    store.set(keyOf('/a'), copy('/a', FRESH_MS));
    expect((await get('/a')).body).toContain('old copy');
    expect(lookups).toEqual(['store', 'fresh']);
  });

  test('that is a little too old is given at once and rendered behind the visitor', async () => {
    const server = await start((_request, response) => response.end('new copy'));
    server.memory.set(copy('/a', REVALIDATE_MS));
    const answer = await server.get('/a');
    expect(answer.body).toContain('old copy');
    expect(answer.headers['cache-status']).toContain('detail=revalidate');
    await until(() => server.store.has(keyOf('/a')));
    expect(server.renders).toEqual(['refresh']);
    expect((await server.get('/a')).body).toBe('new copy');
  });

  test('that is fresh and dear is rendered anew behind a visitor before it is stale (XFetch)', async () => {
    const server = await start((_request, response) => response.end('new copy'));
    // So dear that any draw says that it is due.
    server.memory.set(copy('/a', FRESH_MS, { renderMs: Number.MAX_SAFE_INTEGER }));
    const answer = await server.get('/a');
    expect(answer.body).toContain('old copy');
    expect(answer.headers['cache-status']).toMatch(/^tahan; hit; ttl=\d+$/);
    await until(() => server.store.has(keyOf('/a')));
    expect(server.renders).toEqual(['early']);
    expect((await server.get('/a')).body).toBe('new copy');
  });

  test('that is older is rendered anew for its visitor, while there is room', async () => {
    const { get, memory } = await start((_request, response) => response.end('new copy'));
    memory.set(copy('/a', LAST_GOOD_MS));
    expect((await get('/a')).body).toBe('new copy');
  });

  test('with an unknown query is the page without it; with a known one it is kept from the second hit on', async () => {
    const server = await start((request, response) => response.end(request.url));
    expect([(await server.get('/a?x=1')).body, (await server.get('/a?q=1')).body]).toEqual(['/a', '/a?q=1']);
    expect([...server.store.keys()]).toEqual([keyOf('/a')]);
    await server.get('/a?q=1');
    expect([...server.store.keys()]).toEqual([keyOf('/a'), keyOf('/a?q=1')]);
  });

  test('of a route without a deadline is rendered, however long that takes', async () => {
    const { get } = await start((_request, response) => setTimeout(() => response.end('slow page'), 40), {
      policy: { deadlineMs: 0 },
      deadlineMs: 10,
    });
    expect(await get('/a')).toMatchObject({ status: 200, body: 'slow page' });
  });
});

describe('the last good copy', () => {
  test('is given at once while the gate has no room, and noted as such', async () => {
    const server = await start((_request, response) => response.end('new copy'));
    server.memory.set(copy('/a', LAST_GOOD_MS));
    const open = await closeGate(server);
    const answer = await server.get('/a');
    expect(answer.body).toContain('old copy');
    expect(answer.headers).toMatchObject({
      'cache-status': 'tahan; hit; detail=last-good',
      'cache-control': 'no-store',
    });
    open();
    expect((await server.get('/a')).body).toBe('new copy');
  });

  test.each<[string, Listener]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['answers 500', (_request, response) => response.writeHead(500).end('broken')],
    ['is too late', () => {}],
  ])('is given when the site %s, and the next visitors get it without asking the site', async (_how, handler) => {
    let asked = 0;
    const { get, memory } = await start(
      (request, response) => {
        asked += 1;
        return handler(request, response);
      },
      { deadlineMs: 30 },
    );
    memory.set(copy('/a', LAST_GOOD_MS));
    expect((await get('/a')).body).toContain('old copy');
    const before = asked;
    expect((await get('/a')).body).toContain('old copy');
    expect(asked).toBe(before);
    expect(held(memory, keyOf('/a'))).toMatchObject({ status: 200 });
  });

  test('is given when the render takes long; the render goes on, and nobody else waits for it', async () => {
    let finish = (): void => {};
    let asked = 0;
    const server = await start(
      (_request, response) => {
        asked += 1;
        finish = () => response.end('new copy');
      },
      { lastGoodAfterMs: 30, deadlineMs: 60_000 },
    );
    server.memory.set(copy('/a', LAST_GOOD_MS));
    const first = await server.get('/a');
    expect(first.body).toContain('old copy');
    expect(first.headers['cache-status']).toBe('tahan; hit; detail=last-good');
    expect(server.lookups).toEqual(['last_good']);
    for (let n = 0; n < 5; n++) expect((await server.get('/a')).body).toContain('old copy');
    expect(asked).toBe(1);
    finish();
    await until(() => server.dispatcher.inFlight === 0);
    expect((await server.get('/a')).body).toBe('new copy');
    expect(asked).toBe(1);
  });

  test('is not given once it is dead: then it is the waiting page', async () => {
    const server = await start(() => {}, { deadlineMs: 30 });
    server.memory.set(copy('/a', DEAD_MS));
    expect((await server.get('/a')).status).toBe(503);
    await closeGate(server);
    expect((await server.get('/a')).status).toBe(503);
  });

  test('of a public page is what a member gets who finds no room', async () => {
    const server = await start((_request, response) => response.end('for a member'));
    server.memory.set(copy('/a', FRESH_MS));
    const headers = { authorization: 'Bearer x' };
    expect((await server.get('/a', { headers })).body).toBe('for a member');
    await closeGate(server);
    expect((await server.get('/a', { headers })).body).toContain('old copy');
    server.memory.set(copy('/b', DEAD_MS));
    expect((await server.get('/b', { headers })).status).toBe(503);
  });
});

describe('without a copy', () => {
  test('visitors get the waiting page where the gate has no room', async () => {
    const server = await start((_request, response) => response.end('page'));
    await closeGate(server);
    expect(await server.get('/a')).toMatchObject({ status: 503 });
    expect(server.renders).toEqual([]);
  });

  test('a failure is one failure: all who wait get it, and it is not kept', async () => {
    let asked = 0;
    const { get, store, lookups } = await start(async (_request, response) => {
      asked += 1;
      await until(() => lookups.length === CONNECTIONS.length);
      response.writeHead(500, { 'set-cookie': 'a=b' }).end('broken page');
    });
    const answers = await Promise.all(CONNECTIONS.map(() => get('/a')));
    expect(asked).toBe(1);
    expect(answers.every(({ status, body }) => status === 500 && body === 'broken page')).toBe(true);
    expect(answers[0]!.headers['set-cookie']).toBeUndefined();
    expect(store.size).toBe(0);
  });

  test('a redirect is given to all and not kept', async () => {
    const { get, store } = await start((_request, response) => response.writeHead(302, { location: '/b' }).end());
    expect(await get('/a')).toMatchObject({ status: 302, headers: { location: '/b' } });
    expect(store.size).toBe(0);
  });

  test('a render that throws gives the waiting page, and is told', async () => {
    const { get, siteErrors } = await start(() => Promise.reject(new Error('broken')));
    expect((await get('/a')).status).toBe(503);
    expect(siteErrors).toMatchObject([{ code: 'RENDER_FAILED' }]);
  });

  test('a page that turns out private is given to each alone, and not coalesced for a while', async () => {
    let asked = 0;
    const { get, store, lookups } = await start((request, response) => {
      asked += 1;
      response.writeHead(200, { 'set-cookie': `visit=${asked}`, 'cache-control': 'private' });
      response.end(`for ${request.headers['x-who'] ?? 'nobody'}`);
    });
    expect((await get('/a', { headers: { 'x-who': 'Ann' } })).body).toBe('for Ann');
    expect((await get('/a', { headers: { 'x-who': 'Bob' } })).body).toBe('for Bob');
    // One render that found out, and one answer each.
    expect(asked).toBe(3);
    expect(lookups).toEqual(['miss', 'pass']);
    expect(store.size).toBe(0);
  });

  test('a visitor’s headers and cookies never reach a render', async () => {
    let seen: unknown;
    const { get } = await start((request, response) => {
      seen = request.headers;
      response.end('page');
    });
    await get('/a', { headers: { cookie: 'secret=1', 'x-forwarded-host': 'evil', 'user-agent': 'me' } });
    expect(seen).toEqual({ host: 'localhost', accept: '*/*', 'user-agent': 'tahan' });
  });

  test('a visitor who leaves ends no render of others', async () => {
    let finish: (() => void) | undefined;
    const server = await start((_request, response) => {
      finish = () => response.end('page');
    });
    const leaving = new AbortController();
    const left = server.get('/a', { signal: leaving.signal }).catch(() => 'left');
    await until(() => finish !== undefined);
    const stays = server.get('/a');
    leaving.abort();
    expect(await left).toBe('left');
    finish?.();
    expect((await stays).body).toBe('page');
  });
});

describe('with other workers', () => {
  const desk = (granted: boolean, before: () => void = () => {}) => {
    const released: string[] = [];
    return {
      released,
      leases: {
        needed: true,
        async ask() {
          await Promise.resolve();
          before();
          return granted;
        },
        release: (key: string, stored: boolean) => released.push(`${key.trim()} ${stored}`),
      },
    };
  };

  test('the one with the lease renders, stores and releases', async () => {
    const { leases, released } = desk(true);
    const server = await start((_request, response) => response.end('page'), { leases });
    expect((await server.get('/a')).body).toBe('page');
    await until(() => released.length === 1);
    expect(released).toEqual(['/a true']);
  });

  test('a lease is released when the render fails', async () => {
    const { leases, released } = desk(true);
    const server = await start((_request, response) => response.destroy(), { leases });
    expect((await server.get('/a')).status).toBe(503);
    expect(released).toEqual(['/a false']);
  });

  test('a lease is released as one without a copy when there is no page: the 404 is kept in this worker only', async () => {
    const { leases, released } = desk(true);
    const server = await start((_request, response) => response.writeHead(404).end(), { leases });
    expect((await server.get('/a')).status).toBe(404);
    expect(released).toEqual(['/a false']);
  });

  test('a page that another worker waits for is kept, though it would not be for the first who asks', async () => {
    let finish: (() => void) | undefined;
    const server = await start((_request, response) => {
      finish = () => response.end('page');
    });
    for (const key of ['/a?q=1', '/a?q=2']) {
      finish = undefined;
      const answer = server.get(key);
      await until(() => finish !== undefined);
      if (key === '/a?q=2') server.pages.storeForOthers(keyOf(key));
      finish!();
      await answer;
    }
    expect([...server.store.keys()]).toEqual([keyOf('/a?q=2')]);
  });

  test('the other takes the copy from the store', async () => {
    const { leases, released } = desk(false, () => server.store.set(keyOf('/a'), copy('/a', FRESH_MS)));
    const server: TestWorker = await start((_request, response) => response.end('page'), { leases });
    expect((await server.get('/a')).body).toContain('old copy');
    expect([server.renders, released]).toEqual([[], []]);
  });

  test('and renders itself when there is none', async () => {
    const { leases, released } = desk(false);
    const server = await start((_request, response) => response.end('page'), { leases });
    expect((await server.get('/a')).body).toBe('page');
    expect(released).toEqual([]);
  });
});
