import { setTimeout as delay } from 'node:timers/promises';
import { clusterWorkers } from '../../load/processes.ts';
import { type Bench, lostOf, measure, percent, type Row, type Scenario, voidOf } from '../scenario.ts';
import type { RunningServer, ServerKind } from '../servers/kinds.ts';
import { nodeCluster } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';

const RATE = 300;
const WORKERS = 2;
const BEFORE_SECONDS = 3;
const AFTER_SECONDS = 7;
const BLOCK_MS = 3_000;
/** Workers that are alive but silent get more patience than dead ones: the lifeboat comes after some 400 ms. */
const BLOCKED_GOOD_MS = 600;

async function mainPage(
  bench: Bench,
  kind: ServerKind,
  name: string,
  goodMs: number,
  harm: (server: RunningServer) => Promise<void> | void,
): Promise<Row> {
  const { report } = await measure(
    bench,
    kind,
    { place: 'all', workers: { min: WORKERS, max: WORKERS } },
    {
      connections: 'new',
      deadlineMs: goodMs,
      watch: ['x-tahan-process'],
      phases: [
        { seconds: 1, rate: RATE, warmUp: true },
        { seconds: BEFORE_SECONDS + AFTER_SECONDS, rate: RATE },
      ],
      classes: [{ name: 'main', share: 1, path: '/' }],
    },
    async (server) => {
      await delay((1 + BEFORE_SECONDS) * 1000);
      await harm(server);
    },
  );
  const main = report.classes.main!;
  const { offered, good, late, refused, failed, accepted, watched } = main;
  return {
    server: kind.title,
    case: name,
    values: {
      'failed connections': lostOf(main),
      [`failed or over ${goodMs} ms %`]: percent(offered - good, offered),
      'late or refused': late + refused + failed,
      'p99 ms': accepted.p99Ms,
      'max ms': accepted.maxMs,
      'answered by the lifeboat': watched.lifeboat?.count ?? 0,
    },
    ...voidOf(report),
  };
}

/** `kill -9` of every worker at once, 300 new connections a second to `/`. */
export const killPoint = (bench: Bench, kind: ServerKind): Promise<Row> =>
  mainPage(bench, kind, 'kill -9 of every worker', 500, (server) => {
    for (const pid of server.pids.flatMap(clusterWorkers)) process.kill(pid, 'SIGKILL');
  });

/** Every worker blocked for 3 s by `/lab/block`, same load. */
export const blockPoint = (bench: Bench, kind: ServerKind): Promise<Row> =>
  mainPage(bench, kind, 'every worker blocked for 3 s', BLOCKED_GOOD_MS, async (server) => {
    // Tahan blocks all by one request; node:cluster deals connections out in turn, one for each worker.
    const all = kind === tahan;
    const block = async (): Promise<void> => {
      const response = await fetch(`http://127.0.0.1:${server.port}/lab/block?ms=${BLOCK_MS}&all=${all ? 1 : 0}`);
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${kind.title}: /lab/block answered ${response.status}`);
    };
    await Promise.all(Array.from({ length: all ? 1 : WORKERS }, block));
  });

export const kill: Scenario = {
  name: 'kill',
  title: 'Every worker killed, every worker blocked',
  text: `300 new connections a second to \`/\`, two workers on all cores. After 3 s every worker is killed (\`kill -9\`), or
blocked for 3 s (\`/lab/block\`). Failed connections are refused, reset or without an answer after 2 s. node:cluster forks a
worker again as soon as one dies.`,
  async run(bench) {
    const rows: Row[] = [];
    for (const point of [killPoint, blockPoint]) {
      for (const kind of bench.pick([tahan, nodeCluster])) {
        const row = await point(bench, kind);
        bench.say(`  ${row.server}, ${row.case}: ${JSON.stringify(row.values)}`);
        rows.push(row);
      }
    }
    return rows;
  },
};
