import http from 'node:http';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  eventually,
  request,
  servingPids,
  siteFile,
  startServer,
  stopAll,
  type TestServer,
  untilServing,
} from './server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    TAHAN_SITE: siteFile('bare'),
    TAHAN_WORKERS_MIN: '2',
    TAHAN_WORKERS_MAX: '2',
    TAHAN_LAB: '1',
    TAHAN_DEADLINE_MS: '2000',
    // A busy machine must not make a purged copy be served in need.
    TAHAN_LAST_GOOD_AFTER_MS: '2000',
  });
  await untilServing(server, 2);
}, 60_000);
afterAll(stopAll);

/** Asks until both workers have answered, and gives the last answer of each. */
async function fromBoth(
  path: string,
  headers: Record<string, string> = {},
): Promise<Map<string, Awaited<ReturnType<TestServer['get']>>>> {
  const answers = new Map<string, Awaited<ReturnType<TestServer['get']>>>();
  await eventually(
    async () => {
      const answer = await server.get(path, { headers });
      answers.set(String(answer.headers['x-tahan-process']), answer);
      return answers.size;
    },
    (size) => size === 2,
  );
  return answers;
}

const renderOf = (body: string): string => /worker-\d+ render \d+/.exec(body)?.[0] ?? body.slice(0, 200);

describe('the page cache', () => {
  test('a page is rendered once for both workers', async () => {
    const together = await Promise.all(Array.from({ length: 20 }, () => server.get('/page/once?wait=200')));
    expect(new Set(together.map(({ body }) => body)).size).toBe(1);
    const answers = [...(await fromBoth('/page/once?wait=200')).values()];
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  });

  test('HEAD, If-None-Match and compressed codings', async () => {
    const page = await server.get('/page/codings');
    const head = await server.get('/page/codings', { method: 'HEAD' });
    expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', page.headers['content-length']]);
    const unchanged = await server.get('/page/codings', {
      headers: { 'if-none-match': `"other", ${page.headers.etag}` },
    });
    expect([unchanged.status, unchanged.body]).toEqual([304, '']);
    const coded = await eventually(
      () => server.get('/page/codings', { headers: { 'accept-encoding': 'gzip, br' } }),
      ({ headers }) => headers['content-encoding'] === 'br',
    );
    expect(coded.headers.vary).toContain('Accept-Encoding');
    expect(coded.headers.etag).not.toBe(page.headers.etag);
    const plain = await server.get('/page/codings', { headers: { 'accept-encoding': 'br;q=0, gzip;q=0' } });
    expect(plain.headers['content-encoding']).toBeUndefined();
  });

  test('a soft purge is seen on every worker at once', async () => {
    const before = [...(await fromBoth('/page/soft')).values()].map(({ body }) => renderOf(body));
    await server.get('/purge?tag=page/page/soft');
    const after = [...(await fromBoth('/page/soft')).values()];
    for (const { body } of after) expect(before).not.toContain(renderOf(body));
  });

  test('a purged page whose render fails is served from its last good copy, with its age; a hard purge leaves none', async () => {
    await server.get('/page/need');
    await server.get('/purge?tag=page/page/need');
    await server.get('/fail?on=1');
    try {
      const copy = await eventually(
        () => server.get('/page/need'),
        ({ headers }) => headers['cache-status']?.includes('last-good') === true,
      );
      expect(copy.status).toBe(200);
      expect(copy.body).toContain('<p class="tahan-last-good" role="status">');
      expect(Number(copy.headers['content-length'])).toBe(Buffer.byteLength(copy.body));
      await server.get('/purge?tag=page/page/need&hard');
      const gone = await fromBoth('/page/need');
      for (const { status } of gone.values()) expect(status).toBe(500);
    } finally {
      await server.get('/fail?on=0');
    }
  });

  test('what sets a cookie is one visitor’s alone, although its route is cacheable', async () => {
    const first = await server.get('/private', { headers: { cookie: 'name=ann' } });
    const second = await server.get('/private', { headers: { cookie: 'name=bob' } });
    expect([first.body, second.body]).toEqual(['for name=ann', 'for name=bob']);
    expect(second.headers['set-cookie']).toEqual(['a=1']);
  });

  test('members and requests with Authorization bypass it', async () => {
    await server.get('/page/bypass');
    const member = await server.get('/page/bypass', { headers: { cookie: 'member=1' } });
    const authorised = await server.get('/page/bypass', { headers: { authorization: 'Bearer x' } });
    expect([member.headers['cache-status'], authorised.headers['cache-status']]).toEqual([undefined, undefined]);
  });

  test('a query that is not in the policy makes no other page', async () => {
    const together = await Promise.all(
      Array.from({ length: 10 }, (_, n) => server.get(`/page/query?utm=${n}&wait=200&fbclid=x`)),
    );
    const later = await server.get('/page/query?wait=200&utm=other');
    expect(new Set([...together, later].map(({ body }) => renderOf(body))).size).toBe(1);
  });
});

describe('requests', () => {
  test('each worker takes its share of connections while both are at work', async () => {
    const by = new Map<string, number>();
    const visitor = async (): Promise<void> => {
      for (let n = 0; n < 20; n++) {
        const name = String((await server.get('/block?ms=10')).headers['x-tahan-process']);
        by.set(name, (by.get(name) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 8 }, visitor));
    expect([...by.keys()].sort()).toEqual(['worker-1', 'worker-2']);
    // Half of 160 each, less what other programs take of one core.
    expect(Math.min(...by.values())).toBeGreaterThanOrEqual(32);
  });

  test('the deadline gives the waiting page and aborts the site’s signal', async () => {
    const answer = await server.get('/signal', { headers: { accept: 'application/json' } });
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { status: 503, code: 'BUSY' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    const person = await server.get('/signal', { headers: { accept: 'text/html' } });
    expect(person.headers.refresh).toBe(person.headers['retry-after']);
  });

  test('an announced body over the limit is refused before it is read', async () => {
    const answer = await server
      .get('/echo', { method: 'POST', headers: { 'content-length': '10000000', expect: '100-continue' }, body: '' })
      .catch((error: Error) => error);
    expect(answer).toMatchObject({ status: 413 });
    const small = await server.get('/echo', { method: 'POST', body: 'hello' });
    expect(small.body).toBe('hello');
  });

  test('rubbish gets a 400 and the server lives on', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = net.connect(server.port, '127.0.0.1', () => socket.end('GARBAGE\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request/);
    const large = await server.get('/', { headers: { 'x-large': 'x'.repeat(20_000) } });
    expect(large.status).toBe(431);
    expect((await server.get('/who')).status).toBe(200);
  });

  test('a limiter counts for the whole server', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => server.get('/limit')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  });

  test('keep-alive connections carry many requests', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const names = new Set<unknown>();
    for (let n = 0; n < 5; n++) names.add((await server.get('/who', { agent })).headers['x-tahan-process']);
    agent.destroy();
    expect(names.size).toBe(1);
  });
});

describe('health and metrics', () => {
  test('both ports tell the same health', async () => {
    const seen = JSON.parse((await server.get('/health')).body) as Record<string, unknown>;
    expect(seen).toMatchObject({
      status: 'ok',
      workers: { live: 2, min: 2, max: 2 },
      lifeboat: { active: false },
      version: expect.any(String),
    });
    expect((await request(server.adminPort, '/health')).status).toBe(200);
    for (const path of ['/health/live', '/health/ready']) expect((await server.get(path)).status).toBe(200);
  });

  test('metrics on the public port are for direct loopback clients only', async () => {
    expect((await server.get('/metrics')).body).toContain('# TYPE http_requests_total counter');
    expect((await server.get('/metrics', { headers: { 'x-forwarded-for': '127.0.0.1' } })).status).toBe(404);
  });

  test('totals never go back when a worker is killed, and the scrape goes on', async () => {
    const total = async (): Promise<number> =>
      [...(await server.metrics()).matchAll(/^http_requests_total\{.*route="\/who".*\} (\d+)$/gm)].reduce(
        (sum, [, value]) => sum + Number(value),
        0,
      );
    for (let n = 0; n < 10; n++) await server.get('/who');
    const before = await eventually(total, (count) => count >= 10);
    const [victim] = servingPids(await server.fleet());
    process.kill(victim!, 'SIGKILL');
    expect(await total()).toBeGreaterThanOrEqual(before);
    await eventually(server.metrics, (text) => text.includes('tahan_worker_restarts_total{reason="died_serving"} 1'));
    await untilServing(server, 2);
    expect(await total()).toBeGreaterThanOrEqual(before);
  });

  test('unknown paths share one label value', async () => {
    for (const path of ['/a1', '/b2', '/c3/d4']) await server.get(path);
    const metrics = await eventually(server.metrics, (text) => text.includes('route="unknown"'));
    expect(metrics).not.toMatch(/route="\/(a1|b2|c3)/);
  });
});
