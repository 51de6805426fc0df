import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, type FleetView, isAlive, NODE, request } from '../cluster/server.ts';

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

const fleet = async (): Promise<FleetView> => JSON.parse((await request(adminPort, '/fleet')).body) as FleetView;
const pidsOf = ({ workers, lifeboat }: FleetView): number[] => [...workers.map(({ pid }) => pid), lifeboat.pid ?? 0];

beforeAll(async () => {
  expect(existsSync(PM2)).toBe(true);
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
}, 30_000);

afterAll(async () => {
  await pm2('kill');
  rmSync(home, { recursive: true, force: true });
}, 60_000);

test('pm2 starts, restarts, signals and stops it, and nothing is left behind', async () => {
  // With wait_ready it returns when the first worker serves.
  await pm2('start', 'ecosystem.config.js');
  expect((await request(port, '/')).status).toBe(200);
  const first = pidsOf(await fleet());
  expect(first.length).toBeGreaterThan(1);

  await pm2('sendSignal', 'SIGUSR2', 'tahan');
  expect((await request(port, '/health')).status).toBe(200);

  await pm2('restart', 'tahan');
  expect((await request(port, '/')).status).toBe(200);
  expect(first.filter(isAlive)).toEqual([]);
  const second = pidsOf(await fleet());

  await pm2('stop', 'tahan');
  await eventually(
    () => second.filter(isAlive),
    (alive) => alive.length === 0,
  );
  await expect(request(port, '/')).rejects.toThrow('ECONNREFUSED');

  await pm2('delete', 'tahan');
  expect(await pm2('jlist')).toContain('[]');
}, 120_000);
