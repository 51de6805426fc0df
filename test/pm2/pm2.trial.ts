import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { eventually, type FleetView, isAlive, NODE, request, servingPids } from '../cluster/server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PM2 = fileURLToPath(new URL('./node_modules/pm2/bin/pm2', import.meta.url));
const run = promisify(execFile);

const home = mkdtempSync(join(tmpdir(), 'tahan-pm2-'));
let env: Record<string, string> = {};
let port = 0;
let adminPort = 0;

/** The real pm2, with a home of its own. */
const pm2 = async (...args: string[]): Promise<string> =>
  (await run(NODE, [PM2, ...args], { cwd: ROOT, env, timeout: 60_000 })).stdout;

const freePort = async (): Promise<number> => {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port: free } = probe.address() as net.AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return free;
};

interface Listed {
  name: string;
  pid: number;
  pm2_env: { status: string; restart_time: number };
}

/** What pm2 knows of its programs; before the list it may print lines of its own. */
const listed = async (): Promise<Listed[]> => {
  const text = await pm2('jlist');
  return JSON.parse(text.slice(text.search(/^\[/m))) as Listed[];
};

/** Every process of the running server: the primary, its workers, the lifeboat. */
async function pids(): Promise<number[]> {
  const { workers, lifeboat } = JSON.parse((await request(adminPort, '/fleet')).body) as FleetView;
  const [program] = await listed();
  return [program, ...workers, lifeboat].flatMap((one) => (one?.pid === undefined ? [] : [one.pid]));
}

const untilGone = (some: number[]): Promise<number[]> =>
  eventually(
    () => some.filter(isAlive),
    (alive) => alive.length === 0,
  );

beforeAll(() => {
  expect(existsSync(PM2)).toBe(true);
});

beforeEach(async () => {
  [port, adminPort] = [await freePort(), await freePort()];
  env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    PM2_HOME: join(home, '.pm2'),
    HOST: '127.0.0.1',
    PORT: String(port),
    TAHAN_ADMIN_PORT: String(adminPort),
    TAHAN_DATA_DIR: join(home, 'data'),
  };
  // With wait_ready it returns when the first worker serves, so nothing is waited for here.
  await pm2('start', 'ecosystem.config.js');
  expect((await request(port, '/')).status).toBe(200);
}, 90_000);

afterEach(() => pm2('kill'), 60_000);

afterAll(() => rmSync(home, { recursive: true, force: true }));

test('a restart ends every process of before, and returns when the new ones serve', async () => {
  const before = await pids();
  expect(before.length).toBeGreaterThan(2);
  await pm2('restart', 'tahan');
  expect((await request(port, '/')).status).toBe(200);
  expect(before.filter(isAlive)).toEqual([]);
  expect((await listed()).map(({ pm2_env: { status, restart_time } }) => [status, restart_time])).toEqual([
    ['online', 1],
  ]);
}, 90_000);

test('SIGUSR2 by pm2 writes the state of the fleet to the log, and disturbs nobody', async () => {
  const before = await pids();
  await pm2('sendSignal', 'SIGUSR2', 'tahan');
  const logs = join(home, '.pm2/logs');
  await eventually(
    () => readdirSync(logs).some((file) => readFileSync(join(logs, file), 'utf8').includes('state of the fleet')),
    (written) => written,
  );
  expect((await request(port, '/')).status).toBe(200);
  expect(before.filter((pid) => !isAlive(pid))).toEqual([]);
}, 90_000);

test('SIGHUP by pm2 reloads without a restart: other workers, the same program, never without an answer', async () => {
  const workers = async (): Promise<FleetView> => JSON.parse((await request(adminPort, '/fleet')).body) as FleetView;
  const [before] = await listed();
  const old = servingPids(await workers());
  await pm2('sendSignal', 'SIGHUP', 'tahan');
  await eventually(
    async () => {
      expect((await request(port, '/')).status).toBe(200);
      return workers();
    },
    ({ reload }) => reload?.state === 'done',
  );
  expect(servingPids(await workers()).filter((pid) => old.includes(pid))).toEqual([]);
  expect((await listed()).map(({ pid, pm2_env }) => [pid, pm2_env.restart_time])).toEqual([[before?.pid, 0]]);
}, 90_000);

test.each(['stop', 'delete'])(
  '%s leaves nothing behind',
  async (command) => {
    const before = await pids();
    await pm2(command, 'tahan');
    await untilGone(before);
    await expect(request(port, '/')).rejects.toThrow('ECONNREFUSED');
    expect((await listed()).map(({ pm2_env: { status } }) => status)).toEqual(command === 'stop' ? ['stopped'] : []);
  },
  90_000,
);

test('kill of pm2 itself takes the whole server with it', async () => {
  const before = await pids();
  await pm2('kill');
  await untilGone(before);
  await expect(request(port, '/')).rejects.toThrow('ECONNREFUSED');
}, 90_000);
