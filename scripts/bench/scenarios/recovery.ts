import type { Bucket } from '../../load/tally.ts';
import { WORK_PATH } from '../capacity.ts';
import { type Bench, measure, percent, type Row, type Scenario, voidOf } from '../scenario.ts';
import type { ServerKind } from '../servers/kinds.ts';
import { nodeCluster, plain, toobusy, underPressure, watt } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';

const BEFORE_SECONDS = 5;
const SURGE_SECONDS = 5;
const AFTER_SECONDS = 15;
const BUCKET_MS = 100;

/** Time from `from` on until every request is good again, ms; null: not within the series. */
export function recoveryMs(series: readonly Bucket[], fromMs: number, bucketMs: number): number | null {
  const first = Math.round(fromMs / bucketMs);
  let lastBad = -1;
  for (let index = first; index < series.length; index += 1) {
    const { offered, good } = series[index]!;
    if (good < offered) lastBad = index;
  }
  if (lastBad < 0) return 0;
  return lastBad >= series.length - 1 ? null : (lastBad + 1 - first) * bucketMs;
}

/** Workload C: 0.5 C, 10 C for 5 s, 0.5 C. */
export async function recoveryPoint(bench: Bench, kind: ServerKind): Promise<Row> {
  const capacity = await bench.capacity();
  const { report } = await measure(
    bench,
    kind,
    {},
    {
      connections: 'new',
      bucketMs: BUCKET_MS,
      phases: [
        { seconds: BEFORE_SECONDS, rate: capacity / 2 },
        { seconds: SURGE_SECONDS, rate: capacity * 10 },
        { seconds: AFTER_SECONDS, rate: capacity / 2 },
      ],
      classes: [{ name: 'work', share: 1, path: WORK_PATH }],
    },
  );
  const series = report.classes.work!.series;
  const after = series.slice(((BEFORE_SECONDS + SURGE_SECONDS) * 1000) / BUCKET_MS);
  const sum = (name: 'good' | 'offered'): number => after.reduce((total, bucket) => total + bucket[name], 0);
  return {
    server: kind.title,
    case: '0.5 C, 10 C for 5 s, 0.5 C',
    values: {
      'all good again after ms': recoveryMs(series, (BEFORE_SECONDS + SURGE_SECONDS) * 1000, BUCKET_MS),
      'good in the 15 s after %': percent(sum('good'), sum('offered')),
    },
    ...voidOf(report),
  };
}

export const recovery: Scenario = {
  name: 'recovery',
  title: 'Recovery after a surge',
  text: `Workload C: new connections at 0.5 C, at 10 C for 5 s, at 0.5 C for 15 s. The time from the end of the surge to the
moment from which every request is a 200 within 500 ms; "never" is not within the 15 s.`,
  async run(bench) {
    const rows: Row[] = [];
    for (const kind of bench.pick([tahan, plain, nodeCluster, toobusy, underPressure, watt])) {
      const row = await recoveryPoint(bench, kind);
      bench.say(`  ${row.server}: ${JSON.stringify(row.values)}`);
      rows.push(row);
    }
    return rows;
  },
};
