import type { Bucket } from '../../load/tally.ts';
import { WORK_PATH } from '../capacity.ts';
import { type Goal, scorecard, verdictBy } from '../goals.ts';
import { type Bench, lostOf, measure, percent, type Row, type Scenario, voidOf } from '../scenario.ts';
import { nginx, varnish } from '../servers/caches.ts';
import type { ServerKind } from '../servers/kinds.ts';
import { koa } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';

const BEFORE_SECONDS = 4;
const COLD_SECONDS = 14;
const WORK_OF_C = 1.1;
const VISITORS_OF_C = 9;
const COLD_PAGES = 1_000;
const BUCKET_MS = 1_000;

const GOALS: Record<string, Goal> = {
  'a new page: visitors good %': { must: 99, aim: 99.9, more: true },
  'a new page: goodput of the work % of C': { must: 75, aim: 85, more: true },
  '1,000 cold pages: visitors good %': { must: 75, aim: 88, more: true },
  '1,000 cold pages: no answer within 2 s %': { must: 0, aim: 0 },
  '1,000 cold pages: goodput of the work % of C': { must: 50, aim: 60, more: true },
};

/** Good requests per second from `fromMs` on, for `seconds`, of a time series by intended send. */
export function goodputFrom(series: readonly Bucket[], bucketMs: number, fromMs: number, seconds: number): number {
  const first = Math.round(fromMs / bucketMs);
  const last = first + Math.round((seconds * 1000) / bucketMs);
  return series.slice(first, last).reduce((sum, { good }) => sum + good, 0) / seconds;
}

/** Members at work, more than the server can do; after 4 s visitors come, too, all at once. */
async function launchPoint(
  bench: Bench,
  kind: ServerKind,
  { name, path, pages, seconds }: { name: string; path: string; pages?: number; seconds: number },
): Promise<Row> {
  const capacity = await bench.capacity();
  const { report } = await measure(
    bench,
    kind,
    {},
    {
      connections: 'new',
      bucketMs: BUCKET_MS,
      phases: [
        { seconds: BEFORE_SECONDS, rate: capacity * WORK_OF_C, only: ['work'] },
        { seconds, rate: capacity * (WORK_OF_C + VISITORS_OF_C) },
      ],
      classes: [
        { name: 'work', share: WORK_OF_C, path: WORK_PATH },
        {
          name: 'visitors',
          share: VISITORS_OF_C,
          path,
          ...(pages === undefined ? {} : { pages: { count: pages, pick: 'zipf' } }),
        },
      ],
    },
  );
  const { work, visitors } = report.classes;
  return {
    server: kind.title,
    case: name,
    values: {
      'visitors good %': percent(visitors!.good, visitors!.offered),
      'visitors p99 ms': visitors!.accepted.p99Ms,
      'no answer within 2 s %': percent(lostOf(visitors!), visitors!.offered),
      'goodput of the work % of C': percent(
        goodputFrom(work!.series, BUCKET_MS, BEFORE_SECONDS * 1000, seconds),
        capacity,
      ),
    },
    ...voidOf(report),
  };
}

export const launch: Scenario = {
  name: 'launch',
  title: 'A campaign goes live: pages that nobody has rendered yet',
  text: `Members' work of normal priority (workload A) at ${WORK_OF_C} C for ${BEFORE_SECONDS} s, then ${VISITORS_OF_C} C of visitors beside it, new connections, on one
core: for one page that nobody has rendered yet (5 ms to render, fresh for 2 s), or for 1,000 of them (Zipf, fresh for 60 s, the first
${COLD_SECONDS} s count). Good is a 200 within 500 ms. The goodput of the work is that of the time with visitors.`,
  verdict: verdictBy(GOALS),
  async run(bench) {
    const { add, score, rows } = scorecard(bench, GOALS);
    for (const kind of bench.pick([tahan, koa, nginx, varnish])) {
      const one = add(
        await launchPoint(bench, kind, {
          name: 'a new page',
          path: '/lab/page/77?cost=5&ttl=2',
          seconds: bench.seconds,
        }),
      );
      const cold = add(
        await launchPoint(bench, kind, {
          name: '1,000 cold pages',
          path: '/lab/page/:n?cost=5&ttl=60',
          pages: COLD_PAGES,
          seconds: COLD_SECONDS,
        }),
      );
      if (kind !== tahan) continue;
      for (const goal of Object.keys(GOALS)) {
        const [name = '', value = ''] = goal.split(': ');
        const from = name === one.case ? one : cold;
        score(goal, from, from.values[value]);
      }
    }
    return rows;
  },
};
