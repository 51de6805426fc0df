import { mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../scripts/load/processes.ts';
import { HALF_CLOSE_MS } from '../../src/engine/request/connection/closing.ts';
import { eventually, servingPids, startServer, stopAll, TAHAN, type TestServer } from '../cluster/server.ts';
import { PROXIES, startProxy } from './servers.ts';

// The real nginx and Caddy with the configurations of deploy/ (Debian: apt-get install nginx caddy): npm run test:proxies.

const APP = fileURLToPath(new URL('./files/app.mjs', import.meta.url));

describe.each(Object.keys(PROXIES))('%s in front', (name) => {
  let folder: string;
  let port: number;
  let server: TestServer;
  let proxy: { stop: () => Promise<void> };
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });

  interface Answer {
    status: number;
    body: string;
  }
  const ask = (path: string, options: https.RequestOptions & { body?: Buffer } = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = https.request({ host: 'localhost', port, path, agent, timeout: 20_000, ...options }, (answer) => {
        text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
      });
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', reject);
      sent.end(options.body);
    });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tahan-proxies-'));
    port = await freePort();
    server = await startServer(
      { TAHAN_TRUSTED_PROXIES: '127.0.0.1', TAHAN_WORKERS_MAX: '1', TAHAN_BODY_LIMIT: String(25 * 2 ** 20) },
      { command: [TAHAN, APP] },
    );
    proxy = startProxy(PROXIES[name]!({ folder, port, upstream: server.port }), folder);
    await eventually(
      () => ask('/'),
      ({ status }) => status === 200,
    );
  });
  afterEach(async () => {
    await proxy.stop();
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the site sees the address of the visitor, which nobody can make up, and TLS', async () => {
    const { body } = await ask('/visitor', {
      headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http' },
    });
    expect(body).toMatch(/^(::ffff:)?127\.0\.0\.1 https$/);
  });

  test('an upload of 20 MB arrives, a stream is not held back, an upgrade passes', async () => {
    const body = Buffer.alloc(20 * 2 ** 20);
    expect(await ask('/upload', { method: 'POST', body })).toEqual({ status: 200, body: String(body.length) });
    const first = await new Promise<string>((resolve, reject) => {
      const sent = https.get({ host: 'localhost', port, path: '/stream', agent }, (answer) => {
        answer.once('data', (chunk: Buffer) => {
          resolve(chunk.toString());
          // So it is taken for one who has left, and not for one who asks no more.
          setTimeout(() => sent.destroy(), HALF_CLOSE_MS + 50);
        });
      });
      sent.on('error', reject);
    });
    expect(first).toBe('data: first\n\n');
    const echoed = await new Promise<string>((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'echo' };
      const sent = https.get(
        { host: 'localhost', port, path: '/', headers, rejectUnauthorized: false },
        ({ statusCode }) => reject(new Error(`answered with ${statusCode}`)),
      );
      sent.on('error', reject);
      sent.on('upgrade', (_answer, socket: Socket) => {
        socket.once('data', (chunk: Buffer) => {
          resolve(chunk.toString());
          socket.destroy();
        });
        socket.write('word');
      });
    });
    expect(echoed).toBe('word');
  });

  test('a form whose answer is cut is not sent again', async () => {
    // A GET on a kept connection may be asked again by RFC 9110 section 9.2.2, and Caddy does.
    expect((await ask('/cut', { method: 'POST' })).status).toBe(502);
    expect((await ask('/cuts')).body).toBe('1');
  });

  test('a reload under load gives no 502, and after kill -9 of the worker the main page is there again', async () => {
    const visits: Promise<Answer | Error>[] = [];
    const timer = setInterval(() => visits.push(ask('/').catch((error: Error) => error)), 20);
    process.kill(server.process.pid!, 'SIGHUP');
    await eventually(server.fleet, ({ reload }) => reload?.state === 'done');
    clearInterval(timer);
    const answers = await Promise.all(visits);
    expect(answers.length).toBeGreaterThan(5);
    expect(answers.filter((answer) => answer instanceof Error || answer.status !== 200)).toEqual([]);
    for (const pid of servingPids(await server.fleet())) process.kill(pid, 'SIGKILL');
    await eventually(
      () => ask('/'),
      ({ status, body }) => status === 200 && body === '<h1>Main page</h1>',
    );
  });
});
