import { treeCpuSeconds } from '../../load/processes.ts';
import type { Bench, Row, Scenario } from '../scenario.ts';
import { nginx, varnish } from '../servers/caches.ts';
import type { RunningServer, ServerKind } from '../servers/kinds.ts';
import { koa } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';
import { throughput } from '../wrk.ts';

const ROUNDS = 3;
const CONNECTIONS = 32;
const CACHED = '/lab/page/1?cost=0&ttl=3600';

interface Case {
  name: string;
  path: string;
  headers?: Record<string, string>;
  servers: readonly ServerKind[];
}

const CASES: readonly Case[] = [
  { name: 'cached, keep-alive', path: CACHED, servers: [tahan, nginx, varnish, koa] },
  {
    name: 'cached, new connections',
    path: CACHED,
    headers: { Connection: 'close' },
    servers: [tahan, nginx, varnish, koa],
  },
  // With Authorization no cache may answer.
  {
    name: 'uncached, keep-alive',
    path: CACHED,
    headers: { Authorization: 'Bearer bench' },
    servers: [tahan, nginx, varnish, koa],
  },
];

/** Requests per second of the same 10 KB page; all servers run, and are loaded in turn. */
export async function pagesRows(bench: Bench): Promise<Row[]> {
  const running = new Map<ServerKind, RunningServer>();
  try {
    for (const kind of bench.pick([tahan, nginx, varnish, koa]))
      running.set(kind, await kind.start({ place: 'server', labRate: bench.labRate }));
    const rows: Row[] = [];
    for (const { name, path, headers = {}, servers } of CASES) {
      const best = new Map<ServerKind, { rate: number; perCore: number; errors: number }>();
      for (let round = 0; round <= ROUNDS; round += 1) {
        for (const kind of servers) {
          const server = running.get(kind);
          if (server === undefined) continue;
          const cpu = (): number => server.pids.reduce((sum, pid) => sum + treeCpuSeconds(pid), 0);
          const cpuBefore = cpu();
          const seconds = Math.max(1, Math.round(bench.seconds / ROUNDS));
          const { requestsPerSecond, errors } = await throughput({
            port: server.port,
            path,
            seconds,
            connections: CONNECTIONS,
            headers,
          });
          if (round === 0) continue; // warm-up
          const perCore = (requestsPerSecond * seconds) / (cpu() - cpuBefore);
          const before = best.get(kind);
          best.set(kind, {
            rate: Math.max(before?.rate ?? 0, requestsPerSecond),
            perCore: Math.max(before?.perCore ?? 0, perCore),
            errors: (before?.errors ?? 0) + errors,
          });
        }
      }
      const reference = best.get(name.startsWith('cached') ? nginx : koa);
      for (const [kind, { rate, perCore, errors }] of best) {
        const values = {
          'requests/s': rate,
          'requests per CPU second': perCore,
          [name.startsWith('cached') ? 'x nginx, per CPU second' : 'x Koa, per CPU second']:
            reference === undefined ? null : perCore / reference.perCore,
          errors,
        };
        bench.say(`  ${kind.title}, ${name}: ${JSON.stringify(values)}`);
        rows.push({ server: kind.title, case: name, values });
      }
    }
    return rows;
  } finally {
    for (const server of running.values()) await server.stop();
  }
}

export const pages: Scenario = {
  name: 'pages',
  title: 'A page of 10 KB: requests per second',
  text: `The same bytes from each server on one core, ${CONNECTIONS} connections in a closed loop from the other core, the servers in
turn, ${ROUNDS} rounds, the best counts. Per CPU second divides by the processor time that the server's processes used, so that a
server that the load could not fill is compared fairly. Uncached: the request carries \`Authorization\`, which no cache may answer.`,
  chart: { value: 'requests per CPU second', unit: 'requests per CPU second', cases: () => true },
  run: pagesRows,
};
