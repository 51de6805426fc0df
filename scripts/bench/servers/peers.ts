import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ServerKind } from './kinds.ts';
import { answers, freePort, launch } from './processes.ts';

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
