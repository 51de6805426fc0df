import { afterEach, describe, expect, test } from '@jest/globals';
import type { Site } from '../../../src/engine/site.ts';
import { pageFor } from '../cache/fixtures/page-of.ts';
import { closeGate, startWorker, type TestWorker } from './fixtures/worker.ts';

let worker: TestWorker | undefined;
afterEach(() => worker?.close());
const start = async (site: Partial<Site>): Promise<TestWorker> => {
  worker = await startWorker({ site: { handler: (_request, response) => response.end('site'), ...site }, quick: true });
  return worker;
};

const member = ({ headers }: { headers: { cookie?: string } }): boolean => headers.cookie === 'session=genuine';

describe('before the HTTP parser', () => {
  test('cached pages go to visitors without a session; a member gets the site’s own answer', async () => {
    const { get, memory } = await start({
      policies: [{ route: '/', cache: { ttlMs: 60_000 } }],
      isMember: member as never,
    });
    memory.set(pageFor('\n\n/', { renderStartedAt: Date.now(), renderMs: 0 }));
    expect((await get('/')).body).toContain('Hello');
    expect((await get('/', { headers: { cookie: 'session=made-up' } })).body).toContain('Hello');
    expect((await get('/', { headers: { cookie: 'session=genuine' } })).body).toBe('site');
    expect((await get('/', { headers: { authorization: 'Basic x' } })).body).toBe('site');
  });

  test.each([
    ['that leaves', { draining: true, shouldCloseForRebalance: () => false }],
    ['that lets go of connections', { draining: false, shouldCloseForRebalance: () => true }],
  ])('a worker %s ends the connection with the answer, also where it is at hand', async (_kind, leaving) => {
    worker = await startWorker({
      site: {
        handler: (_request, response) => response.end('site'),
        policies: [{ route: '/', cache: { ttlMs: 60_000 } }],
      },
      quick: true,
      leaving,
    });
    worker.memory.set(pageFor('\n\n/', { renderStartedAt: Date.now(), renderMs: 0 }));
    for (const [path, body] of [
      ['/', 'Hello'],
      ['/site', 'site'],
    ] as const) {
      const answer = await worker.get(path, { headers: { connection: 'keep-alive' } });
      expect(answer.body).toContain(body);
      expect(answer.headers.connection).toBe('close');
    }
  });

  test('the long and the short way give the same answer', async () => {
    const { get, memory } = await start({ policies: [{ route: '/', cache: { ttlMs: 60_000 } }] });
    memory.set(pageFor('\n\n/', { renderStartedAt: Date.now(), renderMs: 0 }));
    const [short, long] = [await get('/'), await get('/', { headers: { te: 'trailers' } })];
    expect({ ...long, headers: { ...long.headers, date: '' } }).toEqual({
      ...short,
      headers: { ...short.headers, date: '' },
    });
    const etag = short.headers.etag!;
    expect((await get('/', { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  test('the waiting page goes to whom the gate would refuse, in the form that is asked for', async () => {
    const server = await start({ policies: [{ route: '/a' }] });
    expect((await server.get('/a')).body).toBe('site');
    await closeGate(server);
    const html = await server.get('/a', { headers: { accept: 'text/html' } });
    expect(html).toMatchObject({ status: 503, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(html.headers['retry-after']).toMatch(/^[1-5]$/);
    const json = await server.get('/a', { headers: { accept: 'application/json' } });
    expect(JSON.parse(json.body)).toMatchObject({ error: { status: 503, code: 'BUSY' } });
    expect(server.dispatcher.refused).toBe(2);
  });

  test('whoever asks for a page that nobody can render now is refused without a further look into the store', async () => {
    const server = await start({ policies: [{ route: '/*', cache: { ttlMs: 60_000 } }] });
    await closeGate(server);
    let reads = 0;
    const read = server.store.get.bind(server.store);
    server.store.get = (key) => {
      reads += 1;
      return read(key);
    };
    for (let visitor = 0; visitor < 5; visitor++) expect((await server.get('/cold')).status).toBe(503);
    expect(reads).toBe(1);
    // Another worker's page is found, if a little later.
    server.store.set('\n\n/cold', pageFor('\n\n/cold', { renderStartedAt: Date.now() }));
    let status = 0;
    for (const end = performance.now() + 30_000; status !== 200 && performance.now() < end; )
      status = (await server.get('/cold')).status;
    expect(status).toBe(200);
  });

  test('a page with a copy is given in a surge too', async () => {
    const server = await start({ policies: [{ route: '/', cache: { ttlMs: 60_000 } }] });
    server.memory.set(pageFor('\n\n/', { renderStartedAt: Date.now() - 30_000, renderMs: 0, purged: true }));
    await closeGate(server);
    expect(await server.get('/')).toMatchObject({
      status: 200,
      headers: { 'cache-status': 'tahan; hit; detail=last-good' },
    });
  });

  test.each([[[]], [[{ route: '/*' }]], [[{ route: '/*', cache: { ttlMs: 1_000 } }]]])(
    'health and metrics pass the closed gate, also where a policy matches every path: %j',
    async (policies) => {
      const server = await start({ policies });
      await closeGate(server);
      for (const path of ['/health', '/health/live', '/health/ready', '/metrics'])
        expect([path, (await server.get(path)).status]).toEqual([path, 200]);
      expect((await server.get('/healthy')).status).toBe(503);
    },
  );

  test('metrics are never a page, whoever asked before and whatever policy matches every path', async () => {
    const { get, store, memory } = await start({ policies: [{ route: '/*', cache: { ttlMs: 60_000 } }] });
    expect((await get('/metrics', { headers: { 'x-forwarded-for': '203.0.113.9' } })).status).toBe(404);
    expect(store.size).toBe(0);
    memory.set(pageFor('\n\n/metrics', { renderStartedAt: Date.now(), renderMs: 0 }));
    expect((await get('/metrics')).body).toBe('tahan_up 1\n');
  });
});
