import { setTimeout as delay } from 'node:timers/promises';
import { drive, type Load } from '../../load/drive.ts';
import type { LoadReport } from '../../load/run-load.ts';
import { WORK_PATH } from '../capacity.ts';
import { type Bench, lostOf, measure, percent, type Row, type Scenario, voidOf } from '../scenario.ts';
import type { RunningServer } from '../servers/kinds.ts';
import { tahan } from '../servers/tahan.ts';

/** What the admin port tells of the fleet, as far as it is looked at here. */
interface Fleet {
  scaler: { target: number; decisions: { action: string; cause: string; at: number }[] };
  reload?: { number: number; state: string; ms?: number };
  workers: { name: string; pid: number; state: string; beat?: { inFlight: number } }[];
}

async function fleetOf(server: RunningServer): Promise<Fleet> {
  const response = await fetch(`http://127.0.0.1:${server.adminPort}/fleet`);
  return (await response.json()) as Fleet;
}

/** Workers count from 1: the highest number tells how many were ever forked. */
const forks = ({ workers }: Fleet): number => Math.max(0, ...workers.map(({ name }) => Number(name.split('-')[1])));
const stepsOf = ({ scaler }: Fleet): number => scaler.decisions.filter(({ action }) => action !== 'hold').length;
const servingOf = ({ workers }: Fleet): Fleet['workers'] => workers.filter(({ state }) => state === 'serving');

const RELOAD_SECONDS = 120;
const RELOAD_EVERY_SECONDS = 10;
const PUBLIC = { name: 'main', share: 1, path: '/' };
const WORK = { name: 'work', share: 1, path: WORK_PATH };

const notAnswered = (report: LoadReport): number =>
  Object.values(report.classes).reduce((sum, each) => sum + lostOf(each), 0);
const count = (report: LoadReport, what: 'offered' | 'refused' | 'failed' | 'late'): number =>
  Object.values(report.classes).reduce((sum, each) => sum + each[what], 0);

async function reloadPoint(bench: Bench): Promise<Row> {
  const capacity = await bench.capacity();
  const server = await tahan.start({ place: 'all', labRate: bench.labRate, workers: { min: 2, max: 2 } });
  const times: number[] = [];
  let notDone = 0;
  const reloads = async (): Promise<void> => {
    for (let at = RELOAD_EVERY_SECONDS; at <= RELOAD_SECONDS - RELOAD_EVERY_SECONDS; at += RELOAD_EVERY_SECONDS) {
      await delay(RELOAD_EVERY_SECONDS * 1_000);
      const { reload: before } = await fleetOf(server);
      if (before !== undefined && before.state !== 'done') notDone += 1;
      if (before?.ms !== undefined) times.push(before.ms);
      process.kill(server.pids[0]!, 'SIGHUP');
    }
  };
  // A quarter of the capacity each; with both cores in use that is half of what two workers beside the generator can do.
  const load = (connections: 'new' | 'keep-alive', seed: number): Omit<Load, 'port'> => ({
    connections,
    seed,
    phases: [{ seconds: RELOAD_SECONDS, rate: capacity / 4 }],
    classes: [PUBLIC, WORK],
  });
  try {
    let reloading: Promise<void> | undefined;
    const [fresh, kept] = await Promise.all([
      drive({ ...load('new', bench.run), port: server.port }, () => {
        reloading = reloads();
      }),
      drive({ ...load('keep-alive', bench.run + 100), port: server.port }),
    ]);
    await reloading;
    return {
      server: tahan.title,
      case: `a reload every ${RELOAD_EVERY_SECONDS} s for ${RELOAD_SECONDS} s`,
      values: {
        requests: count(fresh, 'offered') + count(kept, 'offered'),
        'failed, new connections': notAnswered(fresh) + count(fresh, 'failed'),
        'failed, keep-alive': notAnswered(kept) + count(kept, 'failed'),
        refused: count(fresh, 'refused') + count(kept, 'refused'),
        late: count(fresh, 'late') + count(kept, 'late'),
        'reloads not done': notDone,
        'slowest reload ms': Math.max(...times),
      },
      ...voidOf(fresh),
    };
  } finally {
    await server.stop();
  }
}

export const reload: Scenario = {
  name: 'reload',
  title: 'Reloads under load',
  text: `Two workers on both cores (shared with the generator), 0.5 C in all: half on new connections, half keep-alive; half to the
cached main page, half workload A. SIGHUP every 10 s for 2 minutes. Failed: refused, reset, no answer within 2 s, or a status that is neither
200 nor a refusal.`,
  run: async (bench) => {
    const row = await reloadPoint(bench);
    bench.say(`  ${row.case}: ${JSON.stringify(row.values)}`);
    return [row];
  },
};

const CRASH_SECONDS = 60;
const CRASH_EVERY_MS = 3_000;

async function crashPoint(bench: Bench, spare: number): Promise<Row> {
  const capacity = await bench.capacity();
  let kills = 0;
  let inFlight = 0;
  let short = 0;
  const { report } = await measure(
    bench,
    tahan,
    { place: 'all', workers: { min: 2, max: 2 }, spare },
    { connections: 'new', phases: [{ seconds: CRASH_SECONDS, rate: capacity / 2 }], classes: [PUBLIC, WORK] },
    async (server) => {
      [kills, inFlight, short] = [0, 0, 0];
      const until = performance.now() + (CRASH_SECONDS - 3) * 1_000;
      while (performance.now() < until) {
        await delay(CRASH_EVERY_MS - 1_000);
        const serving = servingOf(await fleetOf(server));
        const victim = serving[kills % Math.max(1, serving.length)];
        if (victim === undefined) continue;
        process.kill(victim.pid, 'SIGKILL');
        kills += 1;
        inFlight += victim.beat?.inFlight ?? 0;
        await delay(1_000);
        if (servingOf(await fleetOf(server)).length !== 2) short += 1;
      }
    },
  );
  const [lostMain, lostWork] = [lostOf(report.classes.main!), lostOf(report.classes.work!)];
  return {
    server: tahan.title,
    case: `kill -9 every ${CRASH_EVERY_MS / 1_000} s for ${CRASH_SECONDS} s, ${spare === 0 ? 'no spare' : 'a spare'}`,
    values: {
      kills,
      'lost, cached main page': lostMain,
      'lost, work': lostWork,
      'lost per kill': (lostMain + lostWork) / kills,
      'in flight at the kills, as last told': inFlight,
      'refused %': percent(count(report, 'refused'), count(report, 'offered')),
      'not 2 workers after 1 s': short,
    },
    ...voidOf(report),
  };
}

export const crash: Scenario = {
  name: 'crash',
  title: 'A worker killed every 3 s',
  text: `Two workers on both cores (shared with the generator), 0.5 C on new connections, half to the cached main page, half
workload A. Every 3 s one worker is killed (\`kill -9\`); 1 s later the serving ones are counted.`,
  async run(bench) {
    const rows: Row[] = [];
    for (const spare of [1, 0]) {
      const row = await crashPoint(bench, spare);
      bench.say(`  ${row.case}: ${JSON.stringify(row.values)}`);
      rows.push(row);
    }
    return rows;
  },
};

const SINE_SECONDS = 600;
const SINE_PERIOD_SECONDS = 30;
const LEARNED_MS = 240_000;
const WINDOW_MS = 120_000;

/** Most of these moments within any window, ms. */
export function mostWithin(moments: readonly number[], windowMs: number): number {
  return Math.max(0, ...moments.map((from) => moments.filter((at) => at >= from && at < from + windowMs).length));
}

async function sinePoint(bench: Bench): Promise<Row> {
  const capacity = await bench.capacity();
  const phases = Array.from({ length: SINE_SECONDS }, (_, second) => ({
    seconds: 1,
    rate: capacity * (0.7 + 0.6 * Math.sin((2 * Math.PI * second) / SINE_PERIOD_SECONDS)),
  }));
  let fleet: Fleet | undefined;
  const began = Date.now();
  const { report } = await measure(
    bench,
    tahan,
    { place: 'all', workers: { min: 1, max: 2 } },
    { connections: 'new', phases, classes: [WORK] },
    async (server) => {
      await delay((SINE_SECONDS - 2) * 1_000);
      fleet = await fleetOf(server);
    },
  );
  const downs = fleet!.scaler.decisions
    .filter(({ action }) => action === 'down' || action === 'undo')
    .map(({ at }) => at);
  const ups = fleet!.scaler.decisions.filter(({ action }) => action === 'up').length;
  return {
    server: tahan.title,
    case: `sine of ${SINE_PERIOD_SECONDS} s for ${SINE_SECONDS / 60} minutes`,
    values: {
      'steps up': ups,
      'steps down': downs.length,
      'most steps down in 2 minutes, after 4 minutes': mostWithin(
        downs.filter((at) => at - began > LEARNED_MS),
        WINDOW_MS,
      ),
      'good %': percent(report.classes.work!.good, report.classes.work!.offered),
      forks: forks(fleet!),
    },
    ...voidOf(report),
  };
}

const BOUND_SECONDS = 300;

async function boundPoint(bench: Bench): Promise<Row> {
  const capacity = await bench.capacity();
  let settled: Fleet | undefined;
  let fleet: Fleet | undefined;
  const { report } = await measure(
    bench,
    tahan,
    { place: 'all', workers: { min: 1, max: 2 } },
    { connections: 'new', phases: [{ seconds: BOUND_SECONDS, rate: capacity * 4 }], classes: [WORK] },
    async (server) => {
      await delay(10_000);
      settled = await fleetOf(server);
      await delay((BOUND_SECONDS - 12) * 1_000);
      fleet = await fleetOf(server);
    },
  );
  return {
    server: tahan.title,
    case: `4 C for ${BOUND_SECONDS / 60} minutes`,
    values: {
      'workers after 10 s': servingOf(settled!).length,
      'forks after that': forks(fleet!) - forks(settled!),
      'steps after that': stepsOf(fleet!) - stepsOf(settled!),
      'accepted p99 ms': report.classes.work!.accepted.p99Ms,
    },
    ...voidOf(report),
  };
}

export const steady: Scenario = {
  name: 'steady',
  title: 'Steps that the fleet must not take',
  text: `1 to 2 workers on both cores (shared with the generator), workload A on new connections. A sine between 0.1 and 1.3 C with a
period of 30 s for 10 minutes: how often the fleet shrinks once the flap multiplier has learned. Then 4 C for 5 minutes: how many processes are
forked after the first 10 s.`,
  async run(bench) {
    const rows: Row[] = [];
    for (const point of [sinePoint, boundPoint]) {
      const row = await point(bench);
      bench.say(`  ${row.case}: ${JSON.stringify(row.values)}`);
      rows.push(row);
    }
    return rows;
  },
};
