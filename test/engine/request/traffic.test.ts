import { afterEach, describe, expect, test } from '@jest/globals';
import type { Site } from '../../../src/engine/site.ts';
import type { Answered, Traffic } from '../../../src/engine/traffic/answered.ts';
import { pageFor } from '../cache/fixtures/page-of.ts';
import { closeGate, startWorker, type TestWorker, until } from './fixtures/worker.ts';

let worker: TestWorker | undefined;
afterEach(() => worker?.close());

type Told = Pick<Answered, 'method' | 'path' | 'query' | 'status' | 'use' | 'member' | 'type'> & {
  referer: string | undefined;
  route: string;
  isCopy: boolean;
};

/** A worker, and what its traffic was told. */
async function start(site: Partial<Site>, quick: boolean) {
  const told: Told[] = [];
  const renders: boolean[] = [];
  const traffic: Traffic = {
    looks: () => true,
    answered({ method, path, query, status, use, member, type, header, route, ageMs, peer, connection }) {
      expect([peer, typeof connection]).toEqual(['127.0.0.1', 'object']);
      const isCopy = ageMs !== undefined;
      told.push({
        method,
        path,
        query,
        status,
        use,
        member,
        type,
        referer: header('referer'),
        route: route.policy.route,
        isCopy,
      });
    },
    rendered: (_route, unchanged) => renders.push(unchanged),
    searchedInVain: () => {},
  };
  worker = await startWorker({
    site: {
      handler: (_request, response) => response.setHeader('content-type', 'text/plain').end('site'),
      ...site,
    },
    quick,
    traffic,
  });
  return { worker, told, renders };
}

const headers = { referer: 'https://news.example/' };
const policies = [{ route: '/cached', cache: { ttlMs: 60_000 } }];

describe.each([
  ['before the HTTP parser', true],
  ['through node:http', false],
])('each answer is told once, %s', (_way, quick) => {
  test('a copy of the cache', async () => {
    const { worker, told } = await start({ policies }, quick);
    worker.memory.set(pageFor('\n\n/cached', { renderStartedAt: Date.now(), renderMs: 0 }));
    await worker.get('/cached?utm_source=x', { headers });
    expect(told).toEqual([
      {
        method: 'GET',
        path: '/cached',
        query: 'utm_source=x',
        status: 200,
        use: 'fresh',
        member: false,
        type: expect.stringContaining('text/html'),
        referer: headers.referer,
        route: '/cached',
        isCopy: true,
      },
    ]);
  });

  test('the site’s own answer, to a member too', async () => {
    const { worker, told } = await start({ isMember: () => true }, quick);
    await worker.get('/a?b=c', { headers: { ...headers, cookie: 'session=x' } });
    await until(() => told.length > 0);
    expect(told).toMatchObject([
      {
        path: '/a',
        query: 'b=c',
        status: 200,
        use: 'bypass',
        member: true,
        type: 'text/plain',
        referer: headers.referer,
      },
    ]);
  });

  test('a refusal, of a page and of work for the site', async () => {
    const { worker, told } = await start({ policies }, quick);
    await closeGate(worker);
    expect((await worker.get('/cached', { headers })).status).toBe(503);
    expect((await worker.get('/site', { headers })).status).toBe(503);
    expect(told).toMatchObject([
      { path: '/cached', status: 503, use: 'refused', referer: headers.referer },
      { path: '/site', status: 503, use: 'refused', referer: headers.referer },
    ]);
  });

  test('a render, and whether it brought anything new', async () => {
    let body = 'one';
    const { worker, told, renders } = await start(
      {
        policies: [{ route: '/cached', cache: { ttlMs: 0, swrMs: 0 } }],
        handler: (_request, response) => response.end(body),
      },
      quick,
    );
    for (const next of ['one', 'one', 'two']) {
      body = next;
      await worker.get('/cached', { headers });
    }
    expect(told.map(({ use }) => use)).toEqual(['miss', 'miss', 'miss']);
    expect(renders).toEqual([false, true, false]);
  });

  test('the engine’s own paths are no traffic', async () => {
    const { worker, told } = await start({}, quick);
    await worker.get('/health');
    expect(told).toEqual([]);
  });
});
