import { drive } from '../../load/drive.ts';
import type { LoadReport } from '../../load/run-load.ts';
import { WORK_PATH } from '../capacity.ts';
import { type Bench, lostOf, measure, percent, type Row, type Scenario, voidOf } from '../scenario.ts';
import { nginx, varnish } from '../servers/caches.ts';
import type { RunningServer, ServerKind, StartOptions } from '../servers/kinds.ts';
import { koa, nodeCluster, plain, toobusy, underPressure, watt } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';

const MULTIPLES = [1, 2, 5, 10];
export const CONNECTIONS = ['keep-alive', 'new'] as const;
/** Visitors with an open connection when the surge begins. */
const KEPT = 1_000;
const PAGES = 1_000;
/** Primes the page cache: every page twice (a page may be kept from its second visit on), at half the capacity. */
const PRIME_RATE_OF_C = 0.5;

/** Workload A at `multiple` times C. */
export async function surgePoint(
  bench: Bench,
  kind: ServerKind,
  connections: (typeof CONNECTIONS)[number],
  multiple: number,
): Promise<Row> {
  const capacity = await bench.capacity();
  const { report, rssBeforeBytes, rssAfterBytes } = await measure(
    bench,
    kind,
    {},
    {
      connections,
      phases: [
        { seconds: 2, rate: capacity / 2, warmUp: true },
        { seconds: bench.seconds, rate: capacity * multiple },
      ],
      classes: [{ name: 'work', share: 1, path: WORK_PATH }],
    },
  );
  const work = report.classes.work!;
  return {
    server: kind.title,
    case: `${connections} ${multiple}x`,
    values: {
      'goodput % of C': percent(work.goodput, capacity),
      'accepted p99 ms': work.accepted.p99Ms,
      'refused %': percent(work.refused, work.offered),
      'refusal p99 ms': work.refusals.p99Ms,
      'time-outs and resets %': lostPercent(report, 'work'),
      'RSS x': rssAfterBytes / rssBeforeBytes,
    },
    ...voidOf(report),
  };
}

/** Requests of a class that got no answer at all, in percent. */
export function lostPercent(report: LoadReport, name: string): number {
  const each = report.classes[name]!;
  return percent(lostOf(each), each.offered);
}

/** 0.4 C of critical requests inside 10 C. */
export async function criticalPoint(
  bench: Bench,
  kind: ServerKind,
  connections: (typeof CONNECTIONS)[number],
): Promise<Row> {
  const capacity = await bench.capacity();
  const { report } = await measure(
    bench,
    kind,
    {},
    {
      connections,
      phases: [
        { seconds: 2, rate: capacity / 2, warmUp: true },
        { seconds: bench.seconds, rate: capacity * 10 },
      ],
      classes: [
        { name: 'critical', share: 0.4, path: `${WORK_PATH}&priority=critical` },
        { name: 'low', share: 9.6, path: `${WORK_PATH}&priority=low` },
      ],
    },
  );
  const { critical, low } = report.classes;
  return {
    server: kind.title,
    case: `${connections} 10x, 0.4 C of it critical`,
    values: {
      'critical good %': percent(critical!.good, critical!.offered),
      'critical p99 ms': critical!.accepted.p99Ms,
      'goodput % of C': percent(critical!.goodput + low!.goodput, capacity),
    },
    ...voidOf(report),
  };
}

/** Workload B: 90 % cacheable pages (Zipf over 1,000) and 10 % work, at `multiple` times C. */
export async function pagesPoint(bench: Bench, kind: ServerKind, multiple: number): Promise<Row> {
  const capacity = await bench.capacity();
  const primeRate = capacity * PRIME_RATE_OF_C;
  const path = '/lab/page/:n?cost=5&ttl=2';
  const { report } = await measure(
    bench,
    { ...kind, start: (options) => primed(bench, kind, primeRate, path, options) },
    {},
    {
      connections: 'new',
      phases: [{ seconds: bench.seconds, rate: capacity * multiple }],
      classes: [
        { name: 'pages', share: 9, path, pages: { count: PAGES, pick: 'zipf' } },
        { name: 'work', share: 1, path: WORK_PATH },
      ],
    },
  );
  const { pages, work } = report.classes;
  return {
    server: kind.title,
    case: `pages ${multiple}x`,
    values: {
      'pages good %': percent(pages!.good, pages!.offered),
      'pages p99 ms': pages!.accepted.p99Ms,
      'work goodput % of C': percent(work!.goodput, capacity),
      'time-outs and resets %': lostPercent(report, 'pages'),
    },
    ...voidOf(report),
  };
}

/** Starts a server and has it render every page. */
async function primed(
  bench: Bench,
  kind: ServerKind,
  rate: number,
  path: string,
  options: StartOptions,
): Promise<RunningServer> {
  const server = await kind.start(options);
  await drive({
    port: server.port,
    connections: 'keep-alive',
    seed: bench.run,
    phases: [{ seconds: (2 * PAGES) / rate, rate }],
    classes: [{ name: 'prime', share: 1, path, pages: { count: PAGES, pick: 'sequence' } }],
  });
  return server;
}

export const surge: Scenario = {
  name: 'surge',
  title: 'Surge: goodput at 1, 2, 5 and 10 times capacity',
  text: `Workload A: \`${WORK_PATH}\`, open loop, Poisson arrivals; good is a 200 within 500 ms of the intended send, and a
request is given up after 2 s. C is the largest rate of which plain node:http answers 99 % in time on kept connections. Every
server gets one core and the same work; each point starts a fresh server. Keep-alive: ${KEPT} connections are open before, and more are opened when all wait. "0.4 C critical": Tahan is told by the route
which requests are critical, the others have no such notion. Workload B ("pages"): 90 % cacheable pages (Zipf over 1,000,
5 ms to render, fresh for 2 s, every page rendered before) and 10 % of workload A, new connections.`,
  chart: { value: 'goodput % of C', unit: '% of C', cases: (name) => /^new \d+x$/.test(name) },
  async run(bench) {
    const rows: Row[] = [];
    const add = (row: Row): void => {
      rows.push(row);
      bench.say(
        `  ${row.server}, ${row.case}: ${Object.entries(row.values)
          .map(([name, value]) => `${name} ${value?.toFixed(1)}`)
          .join(', ')}`,
      );
    };
    for (const connections of CONNECTIONS) {
      for (const multiple of MULTIPLES) {
        for (const kind of bench.pick([tahan, plain, nodeCluster, toobusy, underPressure, watt])) {
          add(await surgePoint(bench, kind, connections, multiple));
        }
      }
    }
    for (const kind of bench.pick([tahan, plain, nodeCluster, toobusy, underPressure, watt]))
      add(await criticalPoint(bench, kind, 'new'));
    for (const multiple of [1, 10]) {
      for (const kind of bench.pick([tahan, koa, nginx, varnish])) add(await pagesPoint(bench, kind, multiple));
    }
    return rows;
  },
};
