import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { Recorder } from '../../../src/engine/metrics/recorder.ts';
import { askedOf } from '../../../src/engine/request/asked.ts';
import { BrowserFiles } from '../../../src/engine/request/browser-files.ts';
import { decide } from '../../../src/engine/request/decide.ts';
import { EngineRoutes, type ServerStatus } from '../../../src/engine/request/engine-routes.ts';
import { keysFor } from '../../../src/engine/request/page-key.ts';
import { createStatusPage } from '../../../src/engine/request/status-page.ts';
import { compileRoutes } from '../../../src/engine/routes.ts';

const TOKEN = 'a-token-of-some-length';
const DOWN: ServerStatus = {
  health: () => ({ status: 503, body: '{"status":"down"}\n' }),
  ready: () => false,
  exposition: () => Promise.resolve('tahan_up 1\n'),
};
/** The engine's routes over a site that answers everything else with 404. */
function app(status: Partial<ServerStatus> = {}, peer?: string, metricsToken = TOKEN, statusPage = false): Server {
  const recorder = new Recorder();
  const routes = new EngineRoutes({
    status: { ...DOWN, ...status },
    metricsToken,
    siteName: 'A <site>',
    extraHeaders: ['x-tahan-process', 'worker-1'],
    files: new BrowserFiles({ offline: true, version: '1.2.3', mainPage: () => '/' }),
    record: (path, request, response) => recorder.request(path, request.method ?? '', response.statusCode, 'engine', 0),
  });
  const known = {
    routes: compileRoutes([]),
    keyOf: keysFor([], ['']),
    copyOf: () => undefined,
    bodyLimit: 1_000,
    statusPage,
  };
  return createServer((request, response) => {
    if (peer !== undefined) Object.defineProperty(request.socket, 'remoteAddress', { value: peer });
    const decision = decide(askedOf(request), false, known, 0);
    if (decision.kind === 'engine') routes.answer(request, response, decision.path);
    else response.writeHead(404).end('site');
  });
}

describe('the status page', () => {
  const page = (body: string, statusPage = true) =>
    supertest(app({ health: () => ({ status: 200, body }) }, undefined, TOKEN, statusPage));

  test('is the site’s own path unless it is switched on', async () => {
    await page('{"status":"ok"}', false).get('/status').expect(404, 'site');
    await page('{"status":"ok"}').get('/status/').expect(404, 'site');
  });

  test('says in words how the site is, since when, and its parts, and runs nothing', async () => {
    const since = '2026-11-28T11:20:05.000Z';
    const body = JSON.stringify({ status: 'degraded', since, features: { posts: 'ok', '<b>': 'down' } });
    const { text, headers } = await page(body).get('/status?x=1').expect(200);
    expect(text).toContain('<h1 class="degraded">Degraded</h1>');
    expect(text).toContain('28 Nov 2026, 11:20:05 UTC');
    expect(text).toContain('<span>&#60;b&#62;</span> does not work');
    expect(text).toContain('A &#60;site&#62;');
    const style = /<style>(.*)<\/style>/.exec(text)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers['content-security-policy']).toContain(`default-src 'none'; style-src 'sha256-${hash}'`);
    await page(body).post('/status').expect(405);
  });

  test.each([
    ['{"status":"ok"}', 'Up'],
    ['{"status":"saturated"}', 'Busy'],
    ['{"status":"down"}', 'Down'],
    ['{"status":"ok","maintenance":true}', 'Maintenance'],
    ['{"status":"something new"}', 'Down'],
  ])('%s is %s', async (body, word) => {
    const { text } = await page(body).get('/status').expect(200);
    expect(text).toContain(`>${word}</h1>`);
  });

  test('is made once a second, however many ask', () => {
    let now = 0;
    let made = 0;
    const ask = createStatusPage(
      'Tahan',
      () => ({ body: `{"status":"${made++ === 0 ? 'ok' : 'down'}"}` }),
      () => now,
    );
    expect(ask().body).toContain('>Up<');
    now = 999;
    expect(ask().body).toContain('>Up<');
    now = 1_000;
    expect([ask().body.includes('>Down<'), made]).toEqual([true, 2]);
  });
});

describe('health', () => {
  test('is what the primary last told, alive while the process answers, and ready when it serves', async () => {
    const health = await supertest(app()).get('/health').expect(503, { status: 'down' });
    expect(health.headers).toMatchObject({ 'cache-control': 'no-store', 'x-tahan-process': 'worker-1' });
    await supertest(app()).get('/health/live').expect(200, { live: true });
    await supertest(app()).get('/health/ready').expect(503, { ready: false });
    await supertest(app({ ready: () => true }))
      .get('/health/ready')
      .expect(200, { ready: true });
  });

  test('is read only, and takes a query', async () => {
    await supertest(app()).post('/health').expect(405).expect('allow', 'GET, HEAD');
    const head = await supertest(app()).head('/health/live').expect(200);
    expect(head.text).toBeUndefined();
    await supertest(app()).get('/health/live?x=1').expect(200);
  });

  test.each(['/healthy', '/health/', '/health/other', '/m', '/', '/hello'])(
    'is not at %s: that is the site’s',
    async (path) => {
      await supertest(app()).get(path).expect(404, 'site');
    },
  );
});

describe('metrics on the public port', () => {
  test('are for a direct client of this machine', async () => {
    const answer = await supertest(app()).get('/metrics').expect(200);
    expect(answer.text).toBe('tahan_up 1\n');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test.each([
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
    'forwarded',
    'x-real-ip',
    'via',
    'cf-connecting-ip',
    'true-client-ip',
    'x-client-ip',
    'fastly-client-ip',
    'x-proxyuser-ip',
    'cdn-loop',
  ])('are not there for who came through a proxy, as %s tells', async (name) => {
    await supertest(app()).get('/metrics').set(name, '127.0.0.1').expect(404, 'There is nothing here.\n');
  });

  test.each(['evil.example', 'evil.example:3000', '203.0.113.9', 'localhost.evil.example'])(
    'are not there for a page that leads its own name, %s, to this machine',
    async (host) => {
      await supertest(app()).get('/metrics').set('host', host).expect(404);
    },
  );

  test('are not there for HTTP/1.0, which a proxy speaks that says nothing of itself', async () => {
    const server = app().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n');
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString('latin1', 0, 12)).toBe('HTTP/1.1 404');
    socket.destroy();
    server.close();
  });

  test('are not there for others, whatever they claim to be', async () => {
    await supertest(app({}, '203.0.113.9')).get('/metrics').expect(404);
    await supertest(app({}, '203.0.113.9')).get('/metrics').set('x-forwarded-for', '127.0.0.1').expect(404);
    await supertest(app({}, '203.0.113.9')).post('/metrics').expect(404);
  });

  test.each([
    ['the token', `Bearer ${TOKEN}`, 200],
    ['a part of it', `Bearer ${TOKEN.slice(0, -1)}`, 404],
    ['more than it', `Bearer ${TOKEN}x`, 404],
    ['it by another scheme', `Basic ${TOKEN}`, 404],
    ['it alone', TOKEN, 404],
    ['none', 'Bearer ', 404],
  ])('open to others by the token: %s', async (_name, authorization, status) => {
    const request = supertest(app({}, '203.0.113.9')).get('/metrics').set('authorization', authorization);
    await request.expect(status);
  });

  test('are not open by an empty token where none is set', async () => {
    await supertest(app({}, '203.0.113.9', ''))
      .get('/metrics')
      .set('authorization', 'Bearer ')
      .expect(404);
  });

  test('are 503 when the primary gives none', async () => {
    await supertest(app({ exposition: () => Promise.resolve(undefined) }))
      .get('/metrics')
      .expect(503);
  });
});
