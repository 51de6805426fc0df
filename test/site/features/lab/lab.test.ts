import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import request from 'supertest';
import type { RoutePolicy, SiteContext } from '../../../../src/engine/site.ts';
import { labFeature } from '../../../../src/site/features/lab/lab.ts';

let broadcasts: { topic: string; body: unknown }[];
let listeners: Map<string, (body: unknown) => void>;
let tasks: { task: string; input: unknown }[];
let faults: unknown[];
let policies: readonly RoutePolicy[];
let app: Koa;

function mount(upstream?: string): void {
  if (upstream === undefined) delete process.env.TAHAN_INTERNAL_LAB_UPSTREAM;
  else process.env.TAHAN_INTERNAL_LAB_UPSTREAM = upstream;
  process.env.TAHAN_INTERNAL_LAB_RATE = '100';
  broadcasts = [];
  listeners = new Map();
  tasks = [];
  faults = [];
  const controller = new AbortController();
  const context = {
    processName: 'worker-1',
    pool: {
      run: async (task: string, input: unknown) => {
        tasks.push({ task, input });
      },
    },
    request: () => ({ signal: controller.signal }),
    broadcast: (topic: string, body: unknown) => broadcasts.push({ topic, body }),
    onBroadcast: (topic: string, listener: (body: unknown) => void) => listeners.set(topic, listener),
  } as unknown as SiteContext;
  const lab = labFeature(context, (fault) => faults.push(fault));
  policies = lab.policies;
  app = new Koa();
  app.use(lab.router.routes()).use(lab.router.allowedMethods());
}

beforeEach(() => mount());

const get = (path: string) => request(app.callback()).get(path);

describe('the lab routes', () => {
  test.each(['/lab/work', '/lab/work?ms=1&dist=exp&priority=critical', '/lab/wait?ms=1', '/lab/block?ms=1'])(
    '%s does its work',
    async (path) => {
      await get(path).expect(200, 'done\n');
    },
  );

  test.each([
    '/lab/work?ms=-1',
    '/lab/work?dist=normal',
    '/lab/work?priority=urgent',
    '/lab/wait?ms=x',
    '/lab/page/1?ttl=1.5',
    '/lab/leak?mb=99999',
    '/lab/stream?every=1',
  ])('%s is a mistake that is told', async (path) => {
    await get(path).expect(400);
  });

  test('/lab/pool gives the work to the thread pool', async () => {
    await get('/lab/pool?ms=30').expect(200);
    expect(tasks).toEqual([{ task: 'labBurn', input: { iterations: 3_000 } }]);
  });

  test('/lab/fetch asks its upstream, and fails with the upstream', async () => {
    let status = 200;
    const asked: (string | undefined)[] = [];
    const upstream = createServer((upstreamRequest, response) => {
      asked.push(upstreamRequest.url);
      response.writeHead(status).end('ok');
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    try {
      mount(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}/work`);
      await get('/lab/fetch').expect(200, 'done\n');
      status = 503;
      app.silent = true;
      await get('/lab/fetch').expect(502);
      expect(asked).toEqual(['/work', '/work']);
    } finally {
      upstream.closeAllConnections();
      await new Promise((resolve) => upstream.close(resolve));
    }
  });

  test.each([undefined, 'http://192.0.2.1:80/', 'http://localhost:80/'])(
    '/lab/fetch asks nothing but loopback: %s',
    async (url) => {
      mount(url);
      app.silent = true;
      await get('/lab/fetch').expect(502);
    },
  );

  test('/lab/stream sends an event at once, then one each `every` ms, until its reader goes', async () => {
    const server = createServer(app.callback());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const stop = new AbortController();
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lab/stream?every=50`;
      const errors: unknown[] = [];
      app.on('error', (error) => errors.push(error));
      const start = performance.now();
      const answer = await fetch(url, { signal: stop.signal });
      expect(answer.headers.get('content-type')).toContain('text/event-stream');
      let events = 0;
      let text = '';
      for await (const chunk of answer.body!) {
        text += Buffer.from(chunk).toString();
        events += 1;
        if (events === 3) break;
      }
      stop.abort();
      await new Promise((resolve) => server.close(resolve)); // when the stream has ended
      expect(errors).toEqual([]);
      expect(text).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n');
      expect(performance.now() - start).toBeGreaterThanOrEqual(98);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('/lab/page may be cached for the time asked, and counts its renders', async () => {
    const first = await get('/lab/page/7?cost=0&ttl=9&size=2000').expect(200);
    expect(first.headers).toMatchObject({
      'cache-control': 'public, max-age=9',
      'x-lab-render': '1',
      'x-lab-renderer': 'worker-1',
    });
    expect(first.type).toBe('text/html');
    expect(first.text).toHaveLength(2_000);
    const second = await get('/lab/page/7?cost=0').expect(200);
    expect(second.headers['x-lab-render']).toBe('2');
    expect(second.text).toHaveLength(10_240);
    expect((await get('/lab/page/8?cost=0')).headers['x-lab-render']).toBe('1');
  });

  test('/lab/page knows numbers only', async () => {
    await get('/lab/page/abc').expect(404);
    await get('/lab/page/1234567890').expect(404);
  });

  test('/lab/block?all=1 tells every worker; one that is told blocks', async () => {
    await get('/lab/block?ms=5&all=1').expect(200);
    expect(broadcasts).toEqual([{ topic: 'lab-block', body: { ms: 5 } }]);
    const start = performance.now();
    listeners.get('lab-block')!({ ms: 30 });
    expect(performance.now() - start).toBeGreaterThanOrEqual(29);
  });

  test('/lab/leak keeps memory', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const { body } = await get('/lab/leak?mb=2').expect(200);
    expect(body).toEqual({ leakedMb: 2 });
    expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThanOrEqual(2 * 1_048_576);
  });
});

describe('POST /lab/fault', () => {
  const post = (body: object) => request(app.callback()).post('/lab/fault').send(body);

  test('tells every worker, and one that is told makes the feature fail', async () => {
    const fault = { feature: 'posts', kind: 'slow', ms: 700, seconds: 3 };
    await post(fault).expect(202);
    expect(broadcasts).toEqual([{ topic: 'lab-fault', body: fault }]);
    listeners.get('lab-fault')!(fault);
    expect(faults).toEqual([fault]);
  });

  test('fills in what is left out', async () => {
    await post({ feature: 'posts', kind: 'error' }).expect(202);
    expect(broadcasts[0]!.body).toEqual({ feature: 'posts', kind: 'error', ms: 500, seconds: 10 });
  });

  test.each([{ feature: 'posts', kind: 'explode' }, { feature: '../x', kind: 'error' }, { kind: 'error' }])(
    'refuses %j',
    async (body) => {
      await post(body).expect(400);
      expect(broadcasts).toHaveLength(0);
    },
  );
});

describe('the policies', () => {
  const policyOf = (route: string): RoutePolicy => policies.find((policy) => policy.route === route)!;

  test('the query of /lab/work says how much it matters', () => {
    const { priority } = policyOf('/lab/work');
    const of = (url: string) => (typeof priority === 'function' ? priority({ url } as never) : priority);
    expect(of('/lab/work?priority=critical')).toBe('critical');
    expect(of('/lab/work?priority=background')).toBe('background');
    expect(of('/lab/work')).toBe('normal');
    expect(of('/lab/work?priority=urgent')).toBe('normal');
  });

  test('only the page is cached', () => {
    expect(policies.filter(({ cache }) => cache !== undefined).map(({ route }) => route)).toEqual(['/lab/page/:n']);
  });

  test('a stream has no deadline', () => {
    expect(policyOf('/lab/stream').deadlineMs).toBe(0);
  });

  test('faults come through a full server', () => {
    for (const route of ['/lab/block', '/lab/crash', '/lab/leak', '/lab/fault'])
      expect(policyOf(route).priority).toBe('critical');
  });
});
