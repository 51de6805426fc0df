import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  eventually,
  failed,
  refused,
  request,
  servingPids,
  spawnServer,
  startServer,
  stopAll,
  TAHAN,
  type TestServer,
  untilServing,
  visit,
} from '../cluster/server.ts';
import { appFile, essence, freePort, OPEN, startPlain, stopPlain } from './plain.ts';

// Each app as it is: `tahan FILE` where `node FILE` stood, no line changed.

const startApp = (name: string, env: Record<string, string> = {}, args: readonly string[] = []): Promise<TestServer> =>
  startServer(
    { LOG_LEVEL: 'info', TAHAN_WORKERS_MAX: '2', ...OPEN, ...env },
    { command: [TAHAN, appFile(name), ...args] },
  );

/** A worker, and no spare beside it. */
const ONE = { TAHAN_WORKERS_MAX: '1' };

/** Sends a request for another protocol and then a word; gives all that comes back until `word` does. */
function upgrade(port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () =>
      socket.write('GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'),
    );
    socket.setTimeout(15_000, () => socket.destroy(new Error(`only this came back: ${text}`)));
    socket.on('data', (chunk) => {
      if (text === '') socket.write(word);
      text += String(chunk);
      if (text.endsWith(word)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

/** The answer to a visitor with this address. */
const from = (localAddress: string, port: number, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, path, localAddress, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += String(chunk);
        });
        response.on('end', () => resolve(text));
      })
      .on('error', reject);
  });

afterAll(async () => {
  await stopAll();
  stopPlain();
});

describe.each([
  ['bare.cjs', ['/', '/text', '/bytes', '/cookie', '/nothing', '/?utm_source=x'], true],
  ['bare.mjs', ['/', '/nothing'], true],
  ['express.cjs', ['/', '/json?a=1&b[]=2', '/users/7', '/nothing'], false],
  ['koa.mjs', ['/', '/json?a=1', '/nothing'], false],
  ['exported.ts', ['/'], false],
] as const)('%s', (name, paths, bare) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startApp(name, {}, ['--color', 'blue']);
  }, 90_000);
  afterAll(() => server.stop());

  test('its pages are as under plain node', async () => {
    if (name === 'exported.ts') {
      expect((await server.get('/')).body).toBe('<h1>Main page</h1>');
      return;
    }
    const port = await freePort();
    const plain = await startPlain(appFile(name), port);
    for (const path of paths)
      expect([path, essence(await server.get(path))]).toEqual([path, essence(await request(port, path))]);
    plain.stop();
  });

  test('it sees the address of the visitor', async () => {
    expect(await from('127.0.0.9', server.port, '/ip')).toMatch(/^(::ffff:)?127\.0\.0\.9$/);
  });

  if (bare) {
    test('another protocol passes', async () => {
      expect(await upgrade(server.port, 'ping')).toMatch(/^HTTP\/1\.1 101 .*ping$/s);
    });

    test('it is the main module, with its arguments, on the port of the visitors', async () => {
      expect(JSON.parse((await server.get('/main')).body)).toEqual([true, '--color', 'blue']);
      expect(JSON.parse((await server.get('/address')).body)).toMatchObject({
        address: '127.0.0.1',
        port: server.port,
      });
    });
  }

  if (name === 'express.cjs') {
    test('its routes are learned for the metrics', async () => {
      for (const id of [1, 2, 3]) await server.get(`/users/${id}`);
      await eventually(server.metrics, (text) => /http_requests_total\{route="\/users\/:id"[^}]*\} [2-9]/.test(text));
    });
  }

  test('the main page answers on while every worker is killed', async () => {
    await untilServing(server, 1);
    const visits = visit(server, '/', 25);
    const killed = servingPids(await server.fleet());
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    const inHand = visits.begun();
    await eventually(server.fleet, (fleet) => servingPids(fleet).some((pid) => !killed.includes(pid)));
    const answers = await visits.stop();
    expect(refused(answers.slice(0, inHand))).toEqual([]);
    expect(failed(answers.slice(inHand))).toEqual([]);
  });

  test('a reload loses no request', async () => {
    await untilServing(server, 1);
    const before = (await server.get('/pid')).body;
    const visits = visit(server, '/slow', 25);
    process.kill(server.process.pid!, 'SIGHUP');
    await eventually(server.fleet, ({ reload }) => reload?.state === 'done');
    expect(failed(await visits.stop())).toEqual([]);
    expect((await server.get('/pid')).body).not.toBe(before);
  });
});

describe('an app in front of which stands the word tahan', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startApp('bare.cjs', ONE);
  }, 90_000);
  afterAll(() => server.stop());

  test('what it declares to be public is served from the cache, with its own Cache-Control; what it does not, is asked anew', async () => {
    const hit = await eventually(
      () => server.get('/public'),
      ({ headers }) => headers['cache-status']?.includes('hit') ?? false,
    );
    expect(hit.headers['cache-control']).toBe('public, max-age=60');
    expect((await server.get('/public', { headers: { cookie: 'c=1' } })).body).toBe(hit.body);
    const secret = await server.get('/public', { headers: { authorization: 'Basic eDp5' } });
    expect([secret.body === hit.body, secret.headers['cache-status']]).toEqual([false, undefined]);
    expect((await server.get('/cookie', { headers: { cookie: 'c=1' } })).body).toBe('c=1');
    expect((await server.get('/cookie', { headers: { cookie: 'c=2' } })).body).toBe('c=2');
  });

  test('a large upload passes', async () => {
    const body = 'x'.repeat(20_000_000);
    expect((await server.get('/echo', { method: 'POST', body })).body).toBe(body);
  });

  test('workers of its own are refused with a sentence', async () => {
    expect((await server.get('/fork')).body).toBe(
      'Tahan keeps the workers of this app: it must not fork workers of its own (cluster.fork)',
    );
  });

  test('when it is stopped, the app learns it as under plain node, after its visitors', async () => {
    const slow = server.get('/slow');
    await eventually(server.fleet, ({ workers }) => workers.some(({ beat }) => (beat?.inFlight ?? 0) > 0));
    expect(await server.stop()).toBe(0);
    expect((await slow).body).toBe('slow');
    const said = server.output().match(/^app .*$/gm);
    expect(said).toEqual([`app listens on ${server.port}`, 'app was told to end', 'app has closed', 'app before exit']);
  });
});

describe('an app whose workers come and go', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startApp('bare.cjs', ONE);
  }, 90_000);
  afterAll(() => server.stop());

  test('a worker whose app closes its server leaves, and another takes its place', async () => {
    const before = (await server.get('/pid')).body;
    await server.get('/close');
    await eventually(
      () => server.get('/pid'),
      ({ status, body }) => status === 200 && body !== before,
    );
  });

  test('reload, status and stop find it by its data folder', async () => {
    const tahan = async (command: string): Promise<[number | null, string]> => {
      const { exited, output } = spawnServer({ TAHAN_DATA_DIR: server.dataDir }, { command: [TAHAN, command] });
      const code = await exited;
      return [code, output()];
    };
    expect(await tahan('status')).toEqual([
      0,
      expect.stringMatching(/^http:.+\nmode .+\nworkers +1 of 1 wanted serve/),
    ]);
    expect(await tahan('reload')).toEqual([0, expect.stringMatching(/^reloaded in/)]);
    expect(await tahan('stop')).toEqual([0, 'stopped\n']);
    expect(await tahan('status')).toEqual([1, expect.stringContaining('no server runs with the data folder')]);
  });
});

describe('an app of modules', () => {
  let server: TestServer;
  let second: number;
  beforeAll(async () => {
    second = await freePort();
    server = await startApp('bare.mjs', { ...ONE, SECOND_PORT: String(second) });
  }, 90_000);
  afterAll(() => server.stop());

  test('a second port of the app is open on loopback only, and is named', async () => {
    expect((await server.get('/')).body).toBe('<h1>Main page</h1>');
    expect((await request(second, '/')).body).toBe('inside');
    await eventually(server.output, (text) =>
      text.includes(`the app also listens on port ${second}, which is open on 127.0.0.1 only`),
    );
  });

  test('a listener that fails costs its visitor a 500, and nobody else anything', async () => {
    const pid = (await server.get('/pid')).body;
    expect((await server.get('/throw')).status).toBe(500);
    expect((await server.get('/pid')).body).toBe(pid);
  });
});

describe('an app of another kind', () => {
  afterEach(stopAll);

  test('the server for visitors is the one on their port, also when the app listens on another one first', async () => {
    const [port, second] = [await freePort(), await freePort()];
    const server = await startApp('metrics-first.cjs', { ...ONE, PORT: String(port), SECOND_PORT: String(second) });
    await eventually(
      () => server.get('/'),
      ({ body }) => body === 'visitors',
    );
    await eventually(
      () => request(second, '/'),
      ({ body }) => body === 'metrics',
    );
  });

  test('settings and policies come from tahan.config, without touching the app', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tahan-config-'));
    writeFileSync(join(folder, 'package.json'), '{"scripts":{"start":"node app.cjs"}}');
    writeFileSync(
      join(folder, 'app.cjs'),
      "let n = 0; require('http').createServer((q, r) => r.end([q.url, ++n, process.env.NODE_ENV].join(' '))).listen(3000);",
    );
    writeFileSync(
      join(folder, 'tahan.config.mjs'),
      "export default { settings: { TAHAN_SITE_NAME: 'Mine', TAHAN_WORKERS_MAX: 1 }, routes: [{ route: '/news', cache: { ttlMs: 60000 } }] };",
    );
    const server = await startServer({}, { command: [TAHAN, join(folder, 'app.cjs')] });
    const page = (await server.get('/news')).body;
    expect(page).toMatch(/^\/news \d+ production$/);
    await eventually(
      () => server.get('/news'),
      ({ headers }) => headers['cache-status']?.includes('hit') ?? false,
    );
    expect((await server.fleet()).scaler).toMatchObject({ max: 1 });
    await server.stop();
    writeFileSync(join(folder, 'tahan.config.mjs'), 'export default { route: [] };');
    const { exited, output } = spawnServer(
      { PORT: '0', TAHAN_ADMIN_PORT: '0' },
      { command: [TAHAN, join(folder, 'app.cjs')] },
    );
    expect(await exited).toBe(1);
    expect(output()).toMatch(/^tahan: .*tahan\.config\.mjs: route is not known; there are settings, routes/);
    rmSync(folder, { recursive: true });
  });

  test('an app in the manner of the web is asked by fetch', async () => {
    const server = await startApp('fetch.mjs', ONE);
    expect((await server.get('/')).body).toBe('<h1>Main page</h1>');
    const echo = await server.get('/echo', { method: 'PUT', body: 'words' });
    expect([echo.body, echo.headers['x-method']]).toEqual(['words', 'PUT']);
    const cookies = await server.get('/cookies');
    expect([cookies.status, cookies.headers['set-cookie']]).toEqual([204, ['a=1', 'b=2']]);
  });
});
