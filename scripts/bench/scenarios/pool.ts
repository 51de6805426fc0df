import { type Goal, scorecard, verdictBy } from '../goals.ts';
import { type Bench, measure, percent, type Row, type Scenario, voidOf } from '../scenario.ts';
import type { ServerKind } from '../servers/kinds.ts';
import { koaCluster, watt } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';
import { capacityFor } from './cost.ts';
import { lostPercent } from './surge.ts';

const TASK_MS = 30;
const MULTIPLE = 10;

const GOALS: Record<string, Goal> = {
  'pool work at 10 C: good within 500 ms % of C': { must: 85, aim: 95, more: true },
  'pool work at 10 C: refusal p99 ms': { must: 100, aim: 30 },
};

async function poolPoint(bench: Bench, kind: ServerKind): Promise<Row> {
  const capacity = await capacityFor(bench, TASK_MS);
  const { report } = await measure(
    bench,
    kind,
    {},
    {
      connections: 'new',
      phases: [
        { seconds: 3, rate: capacity / 2, warmUp: true },
        { seconds: bench.seconds, rate: capacity * MULTIPLE },
      ],
      classes: [{ name: 'pool', share: 1, path: `/lab/pool?ms=${TASK_MS}` }],
    },
  );
  const { goodput, accepted, refusals, refused, offered } = report.classes.pool!;
  return {
    server: kind.title,
    case: 'pool work at 10 C',
    values: {
      'good within 500 ms % of C': percent(goodput, capacity),
      'accepted p50 ms': accepted.p50Ms,
      'accepted p99 ms': accepted.p99Ms,
      'refused %': percent(refused, offered),
      'refusal p99 ms': refusals.p99Ms,
      'time-outs and resets %': lostPercent(report, 'pool'),
    },
    ...voidOf(report),
  };
}

export const pool: Scenario = {
  name: 'pool',
  title: 'Work in the thread pool at 10 times its capacity',
  text: `\`/lab/pool?ms=${TASK_MS}\`: ${TASK_MS} ms of work in a thread of the pool, new connections, on one core, after 3 s at half the capacity. C is the
measured capacity for 5 ms, times 5 over ${TASK_MS}: the threads have the same core. The peers give the same task to a plain piscina with its
standard settings.`,
  verdict: verdictBy(GOALS),
  async run(bench) {
    const { add, score, rows } = scorecard(bench, GOALS);
    for (const kind of bench.pick([tahan, koaCluster, watt])) {
      const row = add(await poolPoint(bench, kind));
      if (kind !== tahan) continue;
      for (const value of ['good within 500 ms % of C', 'refusal p99 ms'])
        score(`${row.case}: ${value}`, row, row.values[value]);
    }
    return rows;
  },
};
