import { WORK_PATH } from '../capacity.ts';
import { type Bench, measure, percent, type Row, type Scenario, voidOf } from '../scenario.ts';
import type { ServerKind } from '../servers/kinds.ts';
import { nodeCluster, watt } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';

/** Watt does not look at a worker's load in its first 30 s; with this it has its eyes open when the step comes. */
const BEFORE_SECONDS = 35;
const AFTER_SECONDS = 30;
const LOW = 0.2;
const HIGH = 1.6;

/**
 * When the second worker first answered, ms after the step; negative: before it.
 * @param watched values of X-Tahan-Process with the time of their first answer, ms
 */
export function secondWorkerMs(watched: Record<string, { firstAtMs: number }>, stepMs: number): number | null {
  const first = Object.entries(watched)
    .filter(([name]) => name.startsWith('worker'))
    .map(([, { firstAtMs }]) => firstAtMs)
    .sort((a, b) => a - b);
  return first[1] === undefined ? null : first[1] - stepMs;
}

async function scalePoint(bench: Bench, kind: ServerKind, workers: { min: number; max: number }): Promise<Row> {
  const capacity = await bench.capacity();
  const stepMs = BEFORE_SECONDS * 1000;
  const { report } = await measure(
    bench,
    kind,
    { place: 'all', workers },
    {
      connections: 'new',
      watch: ['x-tahan-process'],
      phases: [
        { seconds: BEFORE_SECONDS, rate: capacity * LOW },
        { seconds: AFTER_SECONDS, rate: capacity * HIGH },
      ],
      classes: [{ name: 'work', share: 1, path: WORK_PATH }],
    },
  );
  const { series, watched, accepted } = report.classes.work!;
  const after = series.slice(BEFORE_SECONDS, BEFORE_SECONDS + AFTER_SECONDS);
  const good = (buckets: typeof series): number =>
    percent(
      buckets.reduce((sum, bucket) => sum + bucket.good, 0),
      buckets.reduce((sum, bucket) => sum + bucket.offered, 0),
    );
  return {
    server: kind.title,
    case: `${workers.min} to ${workers.max} workers`,
    values: {
      'second worker serves after ms': secondWorkerMs(watched, stepMs),
      'good in the first 5 s %': good(after.slice(0, 5)),
      'good in 30 s %': good(after),
      'accepted p99 ms': accepted.p99Ms,
    },
    ...voidOf(report),
  };
}

export const scale: Scenario = {
  name: 'scale',
  title: 'A step from 0.2 to 1.6 times the capacity of one worker',
  text: `Workload A with new connections, two cores shared with the generator: 35 s at 0.2 C (Watt does not look at a new
worker's load for 30 s), then 30 s at 1.6 C. Tahan and Watt may go from 1 to 2 workers, node:cluster has 2 throughout. A negative
time says that the second worker had answered before the step.`,
  async run(bench) {
    const rows: Row[] = [];
    for (const kind of bench.pick([tahan, watt, nodeCluster])) {
      const row = await scalePoint(bench, kind, { min: kind === nodeCluster ? 2 : 1, max: 2 });
      bench.say(`  ${row.server}: ${JSON.stringify(row.values)}`);
      rows.push(row);
    }
    return rows;
  },
};
