import { answers, freePort, launch } from '../../load/processes.ts';
import { type Goal, scorecard, verdictBy } from '../goals.ts';
import { type Bench, measure, percent, type Row, type Scenario, voidOf } from '../scenario.ts';
import type { ServerKind } from '../servers/kinds.ts';
import { PEERS, peer } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';
import { lostPercent } from './surge.ts';

const SLOW = { ms: 1_000, rate: 400, room: 256 };
const PLACES = 20;
/** Each with twice the load that the upstream has room for. */
const NARROW = [
  { ms: 50, goodMs: 500 },
  { ms: 1_000, goodMs: 2_000 },
];
const FIXED_LIMITS = [20, 24, 32];
/** The limit has to be found; afterwards it counts. */
const LEARN_SECONDS = 5;

const narrowGoal = (ms: number): string => `room for ${PLACES} of ${ms} ms: throughput % of the best fixed limit`;

const GOALS: Record<string, Goal> = {
  'an upstream of 1 s, 400/s, room for 256: good a second': { must: 235, aim: 250, more: true },
  'an upstream of 1 s, 400/s, room for 256: refusal p99 ms': { must: 50, aim: 20 },
  'an upstream of 1 s, 400/s, room for 256: no answer in 2 s %': { must: 0, aim: 0 },
  ...Object.fromEntries(NARROW.map(({ ms }) => [narrowGoal(ms), { must: 90, aim: 97, more: true }])),
};

/** Half of whom there is no room for come to an upstream of 1 s: the engine knows from nothing that there are 256 places. */
async function slowPoint(bench: Bench): Promise<Row> {
  const { report } = await measure(
    bench,
    tahan,
    { env: { TAHAN_ASYNC_LIMIT: String(SLOW.room) } },
    {
      connections: 'new',
      // An answer after 2 s is none; what comes at the deadline itself still counts.
      deadlineMs: 2_000,
      timeoutMs: 2_000,
      phases: [
        { seconds: LEARN_SECONDS, rate: SLOW.rate, warmUp: true },
        { seconds: bench.seconds, rate: SLOW.rate },
      ],
      classes: [{ name: 'wait', share: 1, path: `/lab/wait?ms=${SLOW.ms}` }],
    },
  );
  const { goodput, refusals, accepted } = report.classes.wait!;
  return {
    server: tahan.title,
    case: 'an upstream of 1 s, 400/s, room for 256',
    values: {
      'good a second': goodput,
      'accepted p99 ms': accepted.p99Ms,
      'refusal p99 ms': refusals.p99Ms,
      'no answer in 2 s %': lostPercent(report, 'wait'),
    },
    ...voidOf(report),
  };
}

/** A server of this kind whose upstream runs on the generator's core, and ends with it. */
const before = (kind: ServerKind, ms: number): ServerKind => ({
  ...kind,
  async start(options) {
    const port = await freePort();
    const env = { PORT: String(port), PLACES: String(PLACES), MS: String(ms) };
    const upstream = await launch(
      { name: 'upstream', command: process.execPath, args: [`${PEERS}upstream.js`], env, place: 'generator' },
      () => answers(port, '/health/ready'),
    );
    try {
      const url = `http://127.0.0.1:${port}/`;
      const server = await kind.start({ ...options, env: { ...options.env, TAHAN_INTERNAL_LAB_UPSTREAM: url } });
      return {
        ...server,
        async stop() {
          await server.stop();
          await upstream.stop();
        },
      };
    } catch (error) {
      await upstream.stop();
      throw error;
    }
  },
});

const fixed = (limit: number): ServerKind =>
  peer({
    name: `limit-${limit}`,
    title: `node:http, limit ${limit}`,
    script: 'limited.js',
    env: { LIMIT: String(limit) },
    packages: false,
  });

async function narrowPoint(bench: Bench, kind: ServerKind, { ms, goodMs }: (typeof NARROW)[number]): Promise<Row> {
  const most = (PLACES * 1000) / ms;
  const { report } = await measure(
    bench,
    before(kind, ms),
    {},
    {
      connections: 'new',
      deadlineMs: goodMs,
      timeoutMs: goodMs + 500,
      phases: [
        { seconds: LEARN_SECONDS, rate: 2 * most, warmUp: true },
        { seconds: bench.seconds, rate: 2 * most },
      ],
      classes: [{ name: 'fetch', share: 1, path: '/lab/fetch' }],
    },
  );
  const { goodput, accepted, refusals } = report.classes.fetch!;
  return {
    server: kind.title,
    case: `room for ${PLACES} of ${ms} ms`,
    values: {
      'good a second': goodput,
      '% of the room': percent(goodput, most),
      'accepted p99 ms': accepted.p99Ms,
      'refusal p99 ms': refusals.p99Ms,
      'no answer %': lostPercent(report, 'fetch'),
    },
    ...voidOf(report),
  };
}

export const upstream: Scenario = {
  name: 'upstream',
  title: 'Work elsewhere: a slow upstream, and one with little room',
  text: `New connections on one core; the first ${LEARN_SECONDS} s do not count. An upstream of 1 s that has room for 256: \`/lab/wait?ms=${SLOW.ms}\` at
${SLOW.rate}/s with \`TAHAN_ASYNC_LIMIT\` ${SLOW.room}; good is a 200 within 2 s. An upstream with ${PLACES} places, each for 50 ms (good: within 500 ms) or
1 s (within 2 s), whose further requests queue: \`/lab/fetch\` at twice what it has room for, beside plain node:http with a fixed limit of
${FIXED_LIMITS.join(', ')} requests at once, of which the best counts.`,
  verdict: verdictBy(GOALS),
  async run(bench) {
    const { add, score, rows } = scorecard(bench, GOALS);
    const slow = add(await slowPoint(bench));
    for (const value of ['good a second', 'refusal p99 ms', 'no answer in 2 s %'])
      score(`${slow.case}: ${value}`, slow, slow.values[value]);
    for (const narrow of NARROW) {
      const row = add(await narrowPoint(bench, tahan, narrow));
      let best = 0;
      for (const limit of FIXED_LIMITS) {
        const beside = add(await narrowPoint(bench, fixed(limit), narrow));
        if (beside.void === undefined) best = Math.max(best, beside.values['good a second']!);
      }
      score(narrowGoal(narrow.ms), row, percent(row.values['good a second']!, best));
    }
    return rows;
  },
};
