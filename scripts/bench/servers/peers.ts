import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answers, freePort, launch } from '../../load/processes.ts';
import type { ServerKind } from './kinds.ts';

export const PEERS = fileURLToPath(new URL('../../../bench/peers/', import.meta.url));

/** A program of bench/peers. */
interface Peer {
  name: string;
  title: string;
  script: string;
  args?: string[];
  cwd?: string;
  env?: Record<string, string>;
  /** Needs `npm ci` in bench/peers. */
  packages?: boolean;
}

export const peer = ({ name, title, script, args = [], cwd = PEERS, env = {}, packages = true }: Peer): ServerKind => ({
  name,
  title,
  missing: () => (packages && !existsSync(`${PEERS}node_modules`) ? 'run `npm ci` in bench/peers' : undefined),
  async start({ place, workers = { min: 1, max: 1 }, labRate, env: more = {} }) {
    const port = await freePort();
    const server = await launch(
      {
        name: title,
        command: process.execPath,
        args: [PEERS + script, ...args],
        cwd,
        env: {
          PORT: String(port),
          WORKERS: String(workers.max),
          TAHAN_INTERNAL_LAB_RATE: String(labRate),
          NODE_ENV: 'production',
          ...env,
          ...more,
        },
        place,
      },
      () => answers(port, '/health/ready'),
    );
    return { port, pids: [server.pid], stop: server.stop };
  },
});

export const plain = peer({ name: 'plain', title: 'node:http', script: 'plain.js', packages: false });
export const nodeCluster = peer({ name: 'cluster', title: 'node:cluster', script: 'cluster.js', packages: false });
export const koa = peer({ name: 'koa', title: 'Koa', script: 'koa.js' });
export const koaCluster = peer({
  name: 'koa-cluster',
  title: 'Koa under node:cluster',
  script: 'cluster.js',
  env: { PEER_SCRIPT: './koa.js' },
});
export const toobusy = peer({
  name: 'toobusy',
  title: 'Koa + toobusy-js',
  script: 'koa.js',
  env: { PEER_TOOBUSY: '1' },
});
export const underPressure = peer({ name: 'under-pressure', title: 'Fastify + under-pressure', script: 'fastify.js' });
export const watt = peer({
  name: 'watt',
  title: 'Platformatic Watt',
  script: 'node_modules/wattpm/bin/cli.js',
  args: ['start'],
  cwd: `${PEERS}watt`,
});

const PM2 = fileURLToPath(new URL('../../../test/pm2/node_modules/pm2/bin/pm2-runtime', import.meta.url));

/** pm2 with one Koa: pm2 is AGPL, so it is started as a program from where its own trial has it. */
export const pm2: ServerKind = {
  name: 'pm2',
  title: 'pm2 with one Koa',
  missing: () =>
    !existsSync(PM2)
      ? 'run `npm ci --prefix test/pm2`'
      : existsSync(`${PEERS}node_modules`)
        ? undefined
        : 'run `npm ci` in bench/peers',
  async start({ place, labRate, env: more = {} }) {
    const port = await freePort();
    const home = await mkdtemp(join(tmpdir(), 'tahan-pm2-'));
    const server = await launch(
      {
        name: 'pm2',
        command: process.execPath,
        args: [PM2, `${PEERS}koa.js`],
        cwd: PEERS,
        env: {
          PORT: String(port),
          PM2_HOME: home,
          TAHAN_INTERNAL_LAB_RATE: String(labRate),
          NODE_ENV: 'production',
          ...more,
        },
        place,
      },
      () => answers(port, '/health/ready'),
    );
    return {
      port,
      pids: [server.pid],
      async stop() {
        await server.stop();
        await rm(home, { recursive: true, force: true });
      },
    };
  },
};
