import { WORK_PATH } from '../capacity.ts';
import { type Goal, scorecard, verdictBy } from '../goals.ts';
import { type Bench, measure, percent, type Row, type Scenario, voidOf } from '../scenario.ts';
import { tahan } from '../servers/tahan.ts';
import { blockPoint, killPoint } from './kill.ts';
import { pagesRows } from './pages.ts';
import { recoveryPoint } from './recovery.ts';
import { CONNECTIONS, criticalPoint, lostPercent, pagesPoint, surgePoint } from './surge.ts';

const GOALS: Record<string, Goal> = {
  'goodput % of C, keep-alive 2x': { must: 95, aim: 98, more: true },
  'goodput % of C, keep-alive 5x': { must: 92, aim: 96, more: true },
  'goodput % of C, keep-alive 10x': { must: 88, aim: 95, more: true },
  'goodput % of C, new 2x': { must: 90, aim: 95, more: true },
  'goodput % of C, new 5x': { must: 85, aim: 92, more: true },
  'goodput % of C, new 10x': { must: 75, aim: 88, more: true },
  'accepted p99 ms, 10x': { must: 250, aim: 120 },
  'refusal p99 ms, 10x': { must: 60, aim: 25 },
  'time-outs and resets %, 10x': { must: 0.5, aim: 0 },
  'critical good %, 0.4 C inside 10x': { must: 99, aim: 99.9, more: true },
  'cacheable pages good %, workload B 10x': { must: 99, aim: 99.9, more: true },
  'renders of a hot page per ttl, 10x, 2 workers': { must: 2, aim: 1 },
  'all good again after the surge, ms': { must: 2_000, aim: 500 },
  'refused % at 0.7 C for 60 s': { must: 0.1, aim: 0 },
  'cached page per CPU second, x nginx': { must: 0.9, aim: 1.3, more: true },
  'kill -9 of every worker: failed connections': { must: 0, aim: 0 },
  'every worker blocked: failed or over 600 ms %': { must: 1, aim: 0 },
  'RSS after 60 s at 10x, x before': { must: 1.5, aim: 1.2 },
};

/**
 * Renders per ttl of a page, from its watched values `<renderer> <count of its renders>`: each renderer counts
 * upwards, so its first and last number tell how often it rendered in between.
 */
export function rendersPerTtl(watched: readonly string[], seconds: number, ttlSeconds: number): number {
  const ranges = new Map<string, { first: number; last: number }>();
  for (const value of watched) {
    const [renderer = '', count = ''] = value.split(' ');
    const number = Number(count);
    if (!Number.isInteger(number)) continue; // an answer that is no render: a refusal
    const range = ranges.get(renderer) ?? { first: number, last: number };
    ranges.set(renderer, { first: Math.min(range.first, number), last: Math.max(range.last, number) });
  }
  let renders = 0;
  for (const { first, last } of ranges.values()) renders += last - first + 1;
  return renders / (seconds / ttlSeconds);
}

const LONG_SECONDS = 60;
const HOT_TTL_SECONDS = 2;

async function hotPage(bench: Bench): Promise<Row> {
  const capacity = await bench.capacity();
  const seconds = Math.max(10, bench.seconds);
  const { report } = await measure(
    bench,
    tahan,
    { place: 'all', workers: { min: 2, max: 2 } },
    {
      connections: 'new',
      watch: ['x-lab-renderer', 'x-lab-render'],
      phases: [
        { seconds: 2, rate: capacity, warmUp: true },
        { seconds, rate: capacity * 10 },
      ],
      classes: [
        { name: 'hot', share: 1, path: `/lab/page/1?cost=5&ttl=${HOT_TTL_SECONDS}` },
        { name: 'work', share: 1, path: WORK_PATH },
      ],
    },
  );
  const renders = rendersPerTtl(Object.keys(report.classes.hot!.watched), seconds, HOT_TTL_SECONDS);
  return { server: tahan.title, case: 'hot page', values: { renders }, ...voidOf(report) };
}

async function long(bench: Bench, multiple: number): Promise<Row> {
  const capacity = await bench.capacity();
  const { report, rssBeforeBytes, rssAfterBytes } = await measure(
    bench,
    tahan,
    {},
    {
      connections: 'new',
      phases: [{ seconds: LONG_SECONDS, rate: capacity * multiple }],
      classes: [{ name: 'work', share: 1, path: WORK_PATH }],
    },
  );
  const { refused, offered } = report.classes.work!;
  return {
    server: tahan.title,
    case: `${multiple}x for ${LONG_SECONDS} s`,
    values: {
      'refused %': percent(refused, offered),
      lost: lostPercent(report, 'work'),
      'RSS x': rssAfterBytes / rssBeforeBytes,
    },
    ...voidOf(report),
  };
}

export const core: Scenario = {
  name: 'core',
  title: 'The surge core against its goals',
  text: `Tahan alone, one row per goal. C, workloads and conditions are those of the other scenarios; the hot page is half of a
load of 10 C beside workload A, two workers on all cores.`,
  verdict: verdictBy(GOALS),
  async run(bench) {
    const { rows, score } = scorecard(bench, GOALS);
    const atTen: Row[] = [];
    for (const connections of CONNECTIONS) {
      for (const multiple of [2, 5, 10]) {
        const row = await surgePoint(bench, tahan, connections, multiple);
        score(`goodput % of C, ${connections} ${multiple}x`, row, row.values['goodput % of C']);
        if (multiple === 10) atTen.push(row);
      }
    }
    for (const value of ['accepted p99 ms', 'refusal p99 ms', 'time-outs and resets %']) {
      const worst = atTen.reduce((a, b) => ((a.values[value] ?? 0) >= (b.values[value] ?? 0) ? a : b));
      score(`${value}, 10x`, worst, worst.values[value]);
    }
    const critical = await criticalPoint(bench, tahan, 'new');
    score('critical good %, 0.4 C inside 10x', critical, critical.values['critical good %']);
    const pages = await pagesPoint(bench, tahan, 10);
    score('cacheable pages good %, workload B 10x', pages, pages.values['pages good %']);
    const hot = await hotPage(bench);
    score('renders of a hot page per ttl, 10x, 2 workers', hot, hot.values.renders);
    const recovered = await recoveryPoint(bench, tahan);
    score('all good again after the surge, ms', recovered, recovered.values['all good again after ms']);
    const calm = await long(bench, 0.7);
    score('refused % at 0.7 C for 60 s', calm, calm.values['refused %']);
    const cached = (await pagesRows(bench)).find(
      ({ server, case: name }) => server === tahan.title && name === 'cached, keep-alive',
    );
    if (cached !== undefined)
      score('cached page per CPU second, x nginx', cached, cached.values['x nginx, per CPU second']);
    const killed = await killPoint(bench, tahan);
    score('kill -9 of every worker: failed connections', killed, killed.values['failed connections']);
    const blocked = await blockPoint(bench, tahan);
    score('every worker blocked: failed or over 600 ms %', blocked, blocked.values['failed or over 600 ms %']);
    const memory = await long(bench, 10);
    score('RSS after 60 s at 10x, x before', memory, memory.values['RSS x']);
    return rows;
  },
};
