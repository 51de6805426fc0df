import { setTimeout as delay } from 'node:timers/promises';
import { treeCpuSeconds, treePssBytes } from '../../load/processes.ts';
import { median } from '../../load/statistics.ts';
import { WORK_PATH } from '../capacity.ts';
import { openDashboards } from '../dashboards.ts';
import { type Goal, scorecard, verdictBy } from '../goals.ts';
import { type Bench, measure, percent, type Row, type Scenario, voidOf } from '../scenario.ts';
import type { RunningServer } from '../servers/kinds.ts';
import { tahan } from '../servers/tahan.ts';
import { throughput } from '../wrk.ts';

const PAIRS = 3;
const ROUNDS = 9;
/** Long enough for a sample and what follows from it, short enough that the machine is the same for both. */
const ROUND_SECONDS = 1;
const LATENESS_SECONDS = 20;
const CONNECTIONS = 32;
const CACHED = '/lab/page/1?cost=0&ttl=3600';
const DASHBOARDS = 32;
const MULTIPLE = 10;
/** A start is no steady state: a spare, a collection of garbage. */
const SETTLE_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
const MIB = 1_048_576;

const COST = 'cached requests per second that the monitor costs, %';
const MEMORY = 'memory that the monitor costs, PSS MB';
const LATENESS = `p99 lateness of the tick in the worst second, ${DASHBOARDS} dashboards at ${MULTIPLE}x, ms`;
const GOALS: Record<string, Goal> = {
  [COST]: { must: 3, aim: 1 },
  [MEMORY]: { must: 60, aim: 50 },
  [LATENESS]: { must: 20, aim: 5 },
};

interface Round {
  rate: number;
  perCpuSecond: number;
  errors: number;
}

async function round({ port, pids }: RunningServer, seconds: number): Promise<Round> {
  const cpu = (): number => pids.reduce((sum, pid) => sum + treeCpuSeconds(pid), 0);
  const before = cpu();
  const { requestsPerSecond, errors } = await throughput({ port, path: CACHED, seconds, connections: CONNECTIONS });
  return { rate: requestsPerSecond, perCpuSecond: (requestsPerSecond * seconds) / (cpu() - before), errors };
}

const pssOf = ({ pids }: RunningServer): number => pids.reduce((sum, pid) => sum + treePssBytes(pid), 0) / MIB;

type Name = 'on' | 'off';
type Both<Value> = Record<Name, Value>;

/** A pair of fresh servers, with the monitor and without it, on one core, loaded in turn. `order`: who starts, and begins. */
async function pair(bench: Bench, order: readonly Name[]): Promise<{ rounds: Both<Round[]>; memory: Both<number> }> {
  const running = new Map<Name, RunningServer>();
  try {
    for (const name of order) {
      const env = { TAHAN_MONITOR: name === 'on' ? '1' : '0' };
      running.set(name, await tahan.start({ place: 'server', labRate: bench.labRate, env }));
    }
    await delay(SETTLE_MS);
    const rounds: Both<Round[]> = { on: [], off: [] };
    for (const server of running.values()) await round(server, ROUND_SECONDS);
    for (let number = 0; number < ROUNDS; number += 1)
      for (const [name, server] of number % 2 === 0 ? running : [...running].reverse())
        rounds[name].push(await round(server, ROUND_SECONDS));
    await delay(SETTLE_MS);
    return { rounds, memory: { on: pssOf(running.get('on')!), off: pssOf(running.get('off')!) } };
  } finally {
    for (const server of running.values()) await server.stop();
  }
}

/** The same server with the monitor and with TAHAN_MONITOR=0: two may differ by chance, so of several pairs. */
async function sideBySide(bench: Bench): Promise<{ on: Row; off: Row; cost: number; memory: number }> {
  const pairs: Awaited<ReturnType<typeof pair>>[] = [];
  for (let number = 0; number < PAIRS; number += 1)
    pairs.push(await pair(bench, number % 2 === 0 ? ['on', 'off'] : ['off', 'on']));
  const all = (name: Name): Round[] => pairs.flatMap(({ rounds }) => rounds[name]);
  const row = (name: Name): Row => ({
    server: tahan.title,
    case: `monitor ${name}`,
    values: {
      'requests/s': median(all(name).map(({ rate }) => rate)),
      'requests per CPU second': median(all(name).map(({ perCpuSecond }) => perCpuSecond)),
      'PSS MB': median(pairs.map(({ memory }) => memory[name])),
      errors: all(name).reduce((sum, { errors }) => sum + errors, 0),
    },
  });
  // Of neighbours in time: what the machine does meanwhile hits both.
  const ratios = pairs.map(({ rounds }) => median(rounds.on.map(({ rate }, index) => rate / rounds.off[index]!.rate)));
  bench.say(`  on to off, each pair: ${ratios.map((ratio) => ratio.toFixed(3)).join(', ')}`);
  return {
    on: row('on'),
    off: row('off'),
    cost: 100 - percent(median(ratios), 1),
    memory: median(pairs.map(({ memory }) => memory.on - memory.off)),
  };
}

/** How late the primary's tick comes at a heavy load, while so many people look at the dashboard. */
async function lateness(bench: Bench, count: number): Promise<Row> {
  const capacity = await bench.capacity();
  const seen: number[] = [];
  let told = 0;
  const seconds = Math.max(LATENESS_SECONDS, bench.seconds);
  const { report } = await measure(
    bench,
    tahan,
    {},
    {
      connections: 'new',
      phases: [{ seconds, rate: capacity * MULTIPLE }],
      classes: [{ name: 'work', share: 1, path: WORK_PATH }],
    },
    async ({ adminPort }) => {
      const dashboards = openDashboards(adminPort!, count);
      for (let second = 0; second < seconds; second += 1) {
        await delay(LOOK_EVERY_MS);
        const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
        seen.push(1_000 * Number(/^tahan_tick_late_seconds (\S+)/m.exec(text)?.[1]));
      }
      told = dashboards.samples;
      dashboards.close();
    },
  );
  return {
    server: tahan.title,
    case: `${count} dashboards at ${MULTIPLE}x`,
    values: {
      'tick late p99 ms, worst second': Math.max(...seen),
      'tick late p99 ms, median second': median(seen),
      'samples told': told,
      'good % of C': percent(report.classes.work!.good / seconds, capacity),
    },
    ...voidOf(report),
  };
}

export const monitor: Scenario = {
  name: 'monitor',
  title: 'What the monitor costs',
  text: `The same server with the monitor and with \`TAHAN_MONITOR=0\`, both on the same core, in turn: a cached page of 10 KB,
${CONNECTIONS} connections in a closed loop from the other core, ${ROUNDS} rounds of ${ROUND_SECONDS} s; ${PAIRS} pairs of fresh servers, as two servers of one kind differ by
chance, too. The cost is the median of the pairs, each the median of its rounds' ratios. Memory is PSS (shared pages in parts) of all processes, after the rounds. The tick is the primary's, each 50 ms; its lateness is the metric
\`tahan_tick_late_seconds\`, read each second, at ${MULTIPLE} times C of workload A on new connections, without and with ${DASHBOARDS} dashboards (for each a stream, and every
2 s the history and the events of 15 min); of each second the latest tick counts, as 20 ticks have no p99 below it.`,
  verdict: verdictBy(GOALS),
  async run(bench) {
    const { rows, add, score } = scorecard(bench, GOALS);
    const { on, off, cost, memory } = await sideBySide(bench);
    add(on);
    add(off);
    score(COST, on, cost);
    score(MEMORY, on, memory);
    add(await lateness(bench, 0));
    const watched = add(await lateness(bench, DASHBOARDS));
    score(LATENESS, watched, watched.values['tick late p99 ms, worst second']);
    return rows;
  },
};
