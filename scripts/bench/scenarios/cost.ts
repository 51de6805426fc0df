import { setTimeout as delay } from 'node:timers/promises';
import { PRIORITIES, type Priority } from '../../../src/engine/site.ts';
import { generate } from '../../load/drive.ts';
import { BROWSER } from '../../load/request-bytes.ts';
import type { LoadReport } from '../../load/run-load.ts';
import type { LoadClass } from '../../load/spec.ts';
import { MEAN_WORK_MS } from '../capacity.ts';
import { type Goal, scorecard, verdictBy } from '../goals.ts';
import { type Bench, measure, percent, type Row, type Scenario, untilSound, voidOf, withServer } from '../scenario.ts';
import type { ServerKind } from '../servers/kinds.ts';
import { plain } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';
import { lostPercent } from './surge.ts';

const COSTS_MS = [5, 20, 60, 150];
const CALM_OF_C = 0.65;
const MIX = [
  { ms: 5, share: 0.9 },
  { ms: 150, share: 0.1 },
];
const VISITORS = [
  { visitors: 8, ms: 20 },
  { visitors: 4, ms: 60 },
  { visitors: 8, ms: 60 },
  { visitors: 4, ms: 150 },
  { visitors: 8, ms: 150 },
];
const PROGRAMS = { browser: BROWSER, curl: 'curl/8.14.1' };
const SURGES = [2, 10];
const SURGE_COSTS_MS = [20, 60, 150];
/** Visitors wait longer for what takes longer: good is a 200 within this. */
const SURGE_GOOD_MS = 2_000;
/** Seconds before the measured part of a surge, so that the server knows what its work costs. */
const LEARN_SECONDS = 3;
const BLOCK_MS = 130;
const BLOCK_EVERY_MS = 1_000;
const CRITICAL_EVERY_MS = 15;

const REFUSED: Goal = { must: 0.3, aim: 0 };
const SLOWER: Goal = { must: 1.25, aim: 1.1 };

const GOALS: Record<string, Goal> = {
  ...Object.fromEntries(
    COSTS_MS.flatMap((ms) =>
      PRIORITIES.flatMap((priority) => [
        [`refused %, 0.65 C of ${ms} ms, ${priority}`, REFUSED],
        [`p99 x node:http, 0.65 C of ${ms} ms, ${priority}`, SLOWER],
      ]),
    ),
  ),
  'refused %, 0.65 C of 90 % 5 ms and 10 % 150 ms': { must: 0.5, aim: 0 },
  ...Object.fromEntries(
    VISITORS.flatMap(({ visitors, ms }) =>
      Object.keys(PROGRAMS).map((program) => [
        `refused %, ${visitors} polite visitors of ${ms} ms, ${program}`,
        { must: 0, aim: 0 },
      ]),
    ),
  ),
  ...Object.fromEntries(
    SURGES.flatMap((multiple) =>
      SURGE_COSTS_MS.flatMap((ms) => [
        [`good within 2 s % of C, ${multiple} C of ${ms} ms`, { must: 90, aim: 96, more: true }],
        [`refusal p99 ms, ${multiple} C of ${ms} ms`, { must: 100 + 2 * ms, aim: 50 + ms }],
      ]),
    ),
  ),
  [`refused, a block of ${BLOCK_MS} ms, a critical request every ${CRITICAL_EVERY_MS} ms`]: { must: 0, aim: 0 },
};

/** Capacity for work of this cost, requests per second: C is measured with 5 ms and scales with the cost. */
export const capacityFor = async (bench: Pick<Bench, 'capacity'>, meanMs: number): Promise<number> =>
  ((await bench.capacity()) * MEAN_WORK_MS) / meanMs;

const work = (ms: number, priority: Priority): LoadClass => ({
  name: `${ms}`,
  share: 1,
  path: `/lab/work?ms=${ms}&dist=exp&priority=${priority}`,
});

/** Refused of all classes together, percent. */
function refusedPercent({ classes }: LoadReport): number {
  const all = Object.values(classes);
  return percent(
    all.reduce((sum, { refused }) => sum + refused, 0),
    all.reduce((sum, { offered }) => sum + offered, 0),
  );
}

/** Work of one cost at 0.65 C: calm, Poisson arrivals. */
async function calmPoint(bench: Bench, kind: ServerKind, ms: number, priority: Priority): Promise<Row> {
  const rate = CALM_OF_C * (await capacityFor(bench, ms));
  const { report } = await measure(
    bench,
    kind,
    {},
    {
      connections: 'keep-alive',
      // Whoever waits is not given up: nothing but the server refuses.
      timeoutMs: 10_000,
      deadlineMs: 10_000,
      phases: [{ seconds: bench.seconds, rate }],
      classes: [work(ms, priority)],
    },
  );
  const { accepted } = Object.values(report.classes)[0]!;
  return {
    server: kind.title,
    case: kind === plain ? `0.65 C of ${ms} ms` : `0.65 C of ${ms} ms, ${priority}`,
    values: {
      'refused %': refusedPercent(report),
      'p50 ms': accepted.p50Ms,
      'p99 ms': accepted.p99Ms,
      'lost %': lostPercent(report, `${ms}`),
    },
    ...voidOf(report),
  };
}

async function mixPoint(bench: Bench, kind: ServerKind): Promise<Row> {
  const meanMs = MIX.reduce((sum, { ms, share }) => sum + ms * share, 0);
  const { report } = await measure(
    bench,
    kind,
    {},
    {
      connections: 'keep-alive',
      timeoutMs: 10_000,
      deadlineMs: 10_000,
      phases: [{ seconds: bench.seconds, rate: CALM_OF_C * (await capacityFor(bench, meanMs)) }],
      classes: MIX.map(({ ms, share }) => ({ ...work(ms, 'normal'), share })),
    },
  );
  const quick = report.classes[`${MIX[0]!.ms}`]!;
  return {
    server: kind.title,
    case: '0.65 C of 90 % 5 ms and 10 % 150 ms',
    values: { 'refused %': refusedPercent(report), 'p99 ms of 5 ms': quick.accepted.p99Ms },
    ...voidOf(report),
  };
}

/** Each visitor asks for another page, never seen before, as soon as the last is there. */
async function visitorsPoint(
  bench: Bench,
  kind: ServerKind,
  { visitors, ms }: (typeof VISITORS)[number],
  program: keyof typeof PROGRAMS,
): Promise<Row> {
  const report = await untilSound(bench, () =>
    withServer(bench, kind, {}, ({ port }) =>
      generate(
        'closed',
        {
          port,
          path: `/lab/page/:n?cost=${ms}&ttl=60`,
          seconds: bench.seconds / 2,
          connections: visitors,
          headers: { 'User-Agent': PROGRAMS[program] },
        },
        bench.seconds * 1000,
      ),
    ),
  );
  const { answers } = report;
  return {
    server: kind.title,
    case: `${visitors} polite visitors of ${ms} ms, ${program}`,
    values: {
      'refused %': percent(answers.refused, answers.offered),
      'pages/s': answers.goodput + answers.late / (bench.seconds / 2),
      'p50 ms': answers.accepted.p50Ms,
      'p99 ms': answers.accepted.p99Ms,
    },
    ...voidOf(report),
  };
}

async function surgePoint(bench: Bench, kind: ServerKind, multiple: number, ms: number): Promise<Row> {
  const capacity = await capacityFor(bench, ms);
  const { report } = await measure(
    bench,
    kind,
    {},
    {
      connections: 'new',
      deadlineMs: SURGE_GOOD_MS,
      timeoutMs: SURGE_GOOD_MS + 500,
      phases: [
        { seconds: LEARN_SECONDS, rate: capacity / 2, warmUp: true },
        { seconds: bench.seconds, rate: capacity * multiple },
      ],
      classes: [work(ms, 'normal')],
    },
  );
  const done = report.classes[`${ms}`]!;
  return {
    server: kind.title,
    case: `${multiple} C of ${ms} ms`,
    values: {
      'good within 2 s % of C': percent(done.goodput, capacity),
      'accepted p99 ms': done.accepted.p99Ms,
      'refusal p99 ms': done.refusals.p99Ms,
      'lost %': lostPercent(report, `${ms}`),
    },
    ...voidOf(report),
  };
}

async function blockPoint(bench: Bench): Promise<Row> {
  const { report } = await measure(
    bench,
    tahan,
    {},
    {
      connections: 'keep-alive',
      timeoutMs: 5_000,
      deadlineMs: 5_000,
      phases: [{ seconds: bench.seconds, rate: 1_000 / CRITICAL_EVERY_MS }],
      classes: [{ name: 'critical', share: 1, path: '/lab/work?ms=0&priority=critical' }],
    },
    async ({ port }) => {
      const end = performance.now() + bench.seconds * 1000 - BLOCK_MS;
      for (; performance.now() < end; await delay(BLOCK_EVERY_MS)) {
        const answer = await fetch(`http://127.0.0.1:${port}/lab/block?ms=${BLOCK_MS}`);
        await answer.arrayBuffer();
      }
    },
  );
  const { refused, accepted } = report.classes.critical!;
  return {
    server: tahan.title,
    case: 'blocks',
    values: { refused, 'p99 ms': accepted.p99Ms, 'lost %': lostPercent(report, 'critical') },
    ...voidOf(report),
  };
}

export const cost: Scenario = {
  name: 'cost',
  title: 'Work that costs 5 to 150 ms',
  text: `\`/lab/work\` with exponentially distributed costs on one core. C is the measured capacity for 5 ms, times 5 ms over the cost.
Calm is Poisson arrivals at 0.65 C on kept connections, the same seed for each server; p99 stands beside plain node:http's. Polite
visitors ask for another page, never rendered before, as soon as they have their answer, and do nothing else. Surges: new connections,
after ${LEARN_SECONDS} s at 0.5 C; good is a 200 within 2 s. Blocks: once a second \`/lab/block\` holds the only worker for ${BLOCK_MS} ms.`,
  verdict: verdictBy(GOALS),
  async run(bench) {
    const { rows, add, score } = scorecard(bench, GOALS);
    for (const ms of COSTS_MS) {
      const [reference] = bench.pick([plain]);
      const beside = reference === undefined ? undefined : add(await calmPoint(bench, plain, ms, 'normal'));
      for (const priority of PRIORITIES) {
        const row = add(await calmPoint(bench, tahan, ms, priority));
        score(`refused %, 0.65 C of ${ms} ms, ${priority}`, row, row.values['refused %']);
        const theirs = beside?.values['p99 ms'];
        if (theirs !== undefined && theirs !== null)
          score(`p99 x node:http, 0.65 C of ${ms} ms, ${priority}`, worse(row, beside), row.values['p99 ms']! / theirs);
      }
    }
    for (const kind of bench.pick([tahan, plain])) {
      const row = add(await mixPoint(bench, kind));
      if (kind === tahan) score('refused %, 0.65 C of 90 % 5 ms and 10 % 150 ms', row, row.values['refused %']);
    }
    for (const visitors of VISITORS) {
      for (const program of Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[]) {
        const row = add(await visitorsPoint(bench, tahan, visitors, program));
        score(`refused %, ${row.case}`, row, row.values['refused %']);
      }
    }
    for (const multiple of SURGES) {
      for (const ms of SURGE_COSTS_MS) {
        const row = add(await surgePoint(bench, tahan, multiple, ms));
        score(`good within 2 s % of C, ${multiple} C of ${ms} ms`, row, row.values['good within 2 s % of C']);
        score(`refusal p99 ms, ${multiple} C of ${ms} ms`, row, row.values['refusal p99 ms']);
      }
    }
    const blocks = add(await blockPoint(bench));
    score(
      `refused, a block of ${BLOCK_MS} ms, a critical request every ${CRITICAL_EVERY_MS} ms`,
      blocks,
      blocks.values.refused,
    );
    return rows;
  },
};

/** The row, void when the other is: what compares both is no better than either. */
function worse(row: Row, other: Row | undefined): Row {
  return other?.void === undefined ? row : { ...row, void: other.void };
}
