import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  eventually,
  isAlive,
  servingPids,
  siteFile,
  spawnServer,
  startServer,
  stopAll,
  untilServing,
} from './server.ts';

afterAll(stopAll);

const BARE = { TAHAN_SITE: siteFile('bare'), TAHAN_WORKERS_MAX: '2', TAHAN_WORKERS_MIN: '2' };

describe('starting and stopping', () => {
  test('one line on stdout tells where the site is, and the secret is for the owner alone', async () => {
    const server = await startServer(BARE);
    expect(server.output()).toMatch(
      /Tahan serves http:\/\/127\.0\.0\.1:\d+ - admin http:\/\/127\.0\.0\.1:\d+ - workers 2 to 2 - data \//,
    );
    expect(statSync(join(server.dataDir, 'session.secret')).mode & 0o777).toBe(0o600);
    expect((await server.get('/')).status).toBe(200);
    const pids = [...servingPids(await untilServing(server, 2)), (await server.fleet()).lifeboat.pid ?? 0];
    expect(await server.stop()).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('every wrong setting is named at once, and the exit code is 78', async () => {
    const { exited, output } = spawnServer({ PORT: 'high', TAHAN_LAB: 'yes', TAHAN_NO_SUCH: '1' });
    expect(await exited).toBe(78);
    const lines = output().trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain('PORT="high": must be a whole number from 0 to 65535');
    expect(lines[1]).toContain('TAHAN_LAB="yes": must be 0 or 1');
    expect(lines[2]).toContain('TAHAN_NO_SUCH="1": no such setting');
  });

  test('a port in use is one clear line and exit code 1', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as net.AddressInfo;
    const dataDir = mkdtempSync(join(tmpdir(), 'tahan-test-'));
    const { exited, output } = spawnServer({
      ...BARE,
      HOST: '127.0.0.1',
      PORT: String(port),
      TAHAN_ADMIN_PORT: '0',
      TAHAN_DATA_DIR: dataDir,
    });
    expect(await exited).toBe(1);
    expect(output().trim()).toBe(
      `tahan: port ${port} on 127.0.0.1 is in use by another program; stop it, or set PORT to another port`,
    );
    taken.close();
    rmSync(dataDir, { recursive: true });
  });

  test('a site that cannot be loaded stops the start with its error', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'tahan-test-'));
    const file = join(dataDir, 'site.ts');
    writeFileSync(file, "throw new Error('broken while it is loaded');\n");
    const { exited, output } = spawnServer({
      TAHAN_SITE: file,
      PORT: '0',
      TAHAN_ADMIN_PORT: '0',
      TAHAN_DATA_DIR: dataDir,
    });
    expect(await exited).toBe(1);
    expect(output()).toMatch(/the site .*site\.ts cannot be loaded: Error: broken while it is loaded/);
    rmSync(dataDir, { recursive: true });
  });

  test('when the primary is killed its workers end too, and the next start takes the port', async () => {
    const first = await startServer(BARE);
    const pids = servingPids(await untilServing(first, 2));
    first.process.kill('SIGKILL');
    await eventually(
      () => pids.filter(isAlive),
      (alive) => alive.length === 0,
    );
    const second = await startServer({ ...BARE, PORT: String(first.port) });
    expect((await second.get('/')).status).toBe(200);
    await second.stop();
    await first.stop();
  });

  test('SIGTERM lets open requests finish', async () => {
    const server = await startServer(BARE);
    const slow = server.get('/slow?ms=800');
    await eventually(server.fleet, ({ workers }) => workers.some(({ beat }) => (beat?.inFlight ?? 0) > 0));
    server.process.kill('SIGTERM');
    expect((await slow).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });

  test('a second signal ends at once', async () => {
    const server = await startServer(BARE);
    const slow = server.get('/slow?ms=1400').catch(() => 'cut');
    await eventually(server.fleet, ({ workers }) => workers.some(({ beat }) => (beat?.inFlight ?? 0) > 0));
    server.process.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 600)); // past the time in which a second signal is an echo of the first
    server.process.kill('SIGTERM');
    expect(await server.stop()).toBe(1);
    expect(await slow).toBe('cut');
  });

  test('nothing but the data folder is written', async () => {
    const server = await startServer({ ...BARE, TAHAN_MONITOR: '1' }, { firstStart: true });
    await server.get('/');
    expect(
      readdirSync(server.dataDir)
        .sort()
        .filter((name) => !/^(?:pages|traffic|idempotency)\.db|^visitors-\d+\.salt$/.test(name)),
    ).toEqual(['admin.token', 'compile-cache', 'server.lock', 'session.secret', 'tahan.log']);
    await server.stop();
  });
});

describe('any listener can be the site', () => {
  test.each([
    ['bare', 'render'],
    ['express', 'Express here'],
    ['koa', 'Koa here'],
  ])('%s', async (name, text) => {
    const server = await startServer({ ...BARE, TAHAN_SITE: siteFile(name) });
    const first = await server.get('/');
    expect(first.status).toBe(200);
    expect(first.body).toContain(text);
    expect(first.headers['cache-status']).toContain('tahan; hit');
    if (name !== 'bare') {
      expect((await server.get('/', { headers: { 'if-none-match': first.headers.etag ?? '' } })).status).toBe(304);
    }
    expect((await server.get('/nothing/here')).status).toBe(404);
    if (name === 'express') {
      const answer = await server.get('/echo', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"a":1}',
      });
      expect(JSON.parse(answer.body)).toEqual({ got: { a: 1 } });
    }
    await server.stop();
  });
});
