import { execFile } from 'node:child_process';
import http from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { essence, freePort, OPEN, startPlain, stopPlain } from '../apps/plain.ts';
import {
  eventually,
  failed,
  NODE,
  refused,
  request,
  servingPids,
  startServer,
  stopAll,
  TAHAN,
  type TestServer,
  untilServing,
  visit,
} from '../cluster/server.ts';

// Frameworks that build an app first: each is built as its documentation says, and started by `tahan FILE` where
// `node FILE` stands there.

const here = fileURLToPath(new URL('./', import.meta.url));
const inPackage = (path: string): string => join(here, 'node_modules', path);
const TSC = join(here, '../../node_modules/typescript/bin/tsc');
const UPLOAD = 20_000_000;

interface Framework {
  name: string;
  folder: string;
  /** What node runs in the folder to build it. */
  build: readonly string[];
  buildEnv?: Record<string, string>;
  entry: string;
  env?: Record<string, string>;
  /** It exports a handler, and does not listen: there is no plain node beside it. */
  exports?: true;
  webSocket?: string;
}

const NITRO = [inPackage('nitro/dist/cli/index.mjs'), 'build'];
const ASTRO = [inPackage('astro/bin/astro.mjs'), 'build'];
const VITE = [inPackage('vite/bin/vite.js'), 'build'];
const LARGE_BODIES = { BODY_SIZE_LIMIT: '30M' };

const FRAMEWORKS: Framework[] = [
  { name: 'NestJS', folder: 'nest', build: [TSC, '-p', '.'], entry: 'dist/main.js', webSocket: '/live' },
  { name: 'Nitro', folder: 'nitro', build: [...NITRO, '--preset', 'node-server'], entry: '.output/server/index.mjs' },
  {
    name: 'Nitro, exported',
    folder: 'nitro',
    build: [...NITRO, '--preset', 'node-middleware'],
    entry: '.output/server/index.mjs',
    exports: true,
  },
  { name: 'Astro', folder: 'astro', build: ASTRO, entry: 'dist/server/entry.mjs' },
  {
    name: 'Astro, exported',
    folder: 'astro',
    build: ASTRO,
    buildEnv: { ASTRO_MODE: 'middleware' },
    entry: 'dist-handler/server/entry.mjs',
    exports: true,
  },
  { name: 'SvelteKit', folder: 'sveltekit', build: VITE, entry: 'build/index.js', env: LARGE_BODIES },
  {
    name: 'SvelteKit, exported',
    folder: 'sveltekit',
    build: VITE,
    entry: 'build/handler.js',
    env: LARGE_BODIES,
    exports: true,
  },
];

describe.each(FRAMEWORKS)('$name', ({ folder, build, buildEnv, entry, env = {}, exports, webSocket }) => {
  const cwd = join(here, 'files', folder);
  const file = join(cwd, entry);
  let server: TestServer;

  beforeAll(async () => {
    await promisify(execFile)(NODE, [...build], {
      cwd,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...buildEnv },
      timeout: 230_000,
    });
    server = await startServer(
      { LOG_LEVEL: 'info', TAHAN_WORKERS_MAX: '2', ...OPEN, ...env },
      { command: [TAHAN, file] },
    );
  }, 300_000);
  afterAll(async () => {
    await stopAll();
    stopPlain();
  });

  test('its pages and cookies are right, as under plain node', async () => {
    const headers = { cookie: 'member=7' };
    expect((await server.get('/')).body).toContain('<h1>Main page</h1>');
    const cookie = await server.get('/cookie', { headers });
    expect([cookie.body, cookie.headers['set-cookie']?.length]).toEqual(['member=7', 2]);
    expect((await server.get('/nothing')).status).toBe(404);
    if (exports) return;
    const port = await freePort();
    const plain = await startPlain(file, port, env);
    // Some show the address that was asked for in an error page.
    const host = { host: 'localhost' };
    for (const path of ['/', '/cookie', '/nothing'])
      expect([path, essence(await server.get(path, { headers: { ...headers, ...host } }))]).toEqual([
        path,
        essence(await request(port, path, { headers: { ...headers, ...host } })),
      ]);
    plain.stop();
  });

  test('an upload of 20 MB arrives whole', async () => {
    const sent = await server.get('/upload', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: 'x'.repeat(UPLOAD),
    });
    expect([sent.status, sent.body]).toEqual([200, String(UPLOAD)]);
  });

  test('a stream comes in pieces', async () => {
    const parts = await partsOf(server.port, '/stream');
    expect(parts.join('').match(/data: \d/g)).toEqual(['data: 0', 'data: 1', 'data: 2']);
    expect(parts.length).toBeGreaterThan(1);
  });

  test('a reload loses no request', async () => {
    await untilServing(server, 1);
    const before = (await server.get('/pid')).body;
    const visits = visit(server, '/slow', 25);
    process.kill(server.process.pid!, 'SIGHUP');
    await eventually(server.fleet, ({ reload }) => reload?.state === 'done', 90_000);
    expect(failed(await visits.stop())).toEqual([]);
    expect((await server.get('/pid')).body).not.toBe(before);
  });

  if (webSocket !== undefined)
    test('a WebSocket is open until a reload, which closes it with 1012', async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}${webSocket}`);
      const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
      const word = new Promise((resolve) => socket.addEventListener('message', ({ data }) => resolve(data)));
      socket.addEventListener('open', () => socket.send('{"event":"word","data":"hello"}'));
      expect(await word).toBe('{"event":"word","data":"hello"}');
      process.kill(server.process.pid!, 'SIGHUP');
      expect(await closed).toBe(1012);
    });

  test('the main page answers on while every worker is killed', async () => {
    await untilServing(server, 1);
    await server.get('/');
    const visits = visit(server, '/', 25);
    const killed = servingPids(await server.fleet());
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    const inHand = visits.begun();
    await eventually(server.fleet, (fleet) => servingPids(fleet).some((pid) => !killed.includes(pid)), 90_000);
    const answers = await visits.stop();
    expect(refused(answers.slice(0, inHand))).toEqual([]);
    expect(failed(answers.slice(inHand))).toEqual([]);
  });
});

/** The pieces of an answer, as they come. */
const partsOf = (port: number, path: string): Promise<string[]> =>
  new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
        const parts: string[] = [];
        response.on('data', (part) => parts.push(String(part)));
        response.on('end', () => resolve(parts));
        response.on('error', reject);
      })
      .on('error', reject);
  });
