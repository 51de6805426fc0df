import { availableParallelism } from 'node:os';
import { drive, generate } from '../../load/drive.ts';
import type { JourneysReport, JourneysSpec } from '../../load/journeys.ts';
import { ADDRESSES, postPaths, SEEDED, seedSite, signedIn, signIns } from '../../load/members.ts';
import { treeCpuSeconds } from '../../load/processes.ts';
import type { LoadReport } from '../../load/run-load.ts';
import { newPost } from '../../load/site-journey.ts';
import type { LoadClass } from '../../load/spec.ts';
import { type Goal, scorecard, verdictBy } from '../goals.ts';
import { type Bench, percent, type Row, type Scenario, untilSound, voidOf, withServer } from '../scenario.ts';
import type { RunningServer } from '../servers/kinds.ts';
import { tahan } from '../servers/tahan.ts';

const WORKERS = 2;
const MULTIPLES = [1, 2, 5, 10];
const THINK_MS = 200;
const GOOD_MS = 500;
const TIMEOUT_MS = 7_000;
const WARM_UP_SECONDS = 3;
/** Visitors per second by whom the cost of a visit is measured. */
const CALM_RATE = 3;
const EDITORS = Math.ceil(SEEDED.users / 100);

const MEMBERS = 20;
const SIGN_INS = [2, 40];
/** Beside the sign-ins, a second. */
const BESIDE = { dashboards: 8, likes: 2, publishes: 0.5 };

const GOALS: Record<string, Goal> = {
  '2 sign-ins a second: sign-in p99 ms': { must: 1_000, aim: 250 },
  '2 sign-ins a second: dashboards good %': { must: 99, aim: 100, more: true },
  '40 sign-ins a second: good within 1 s, a second': { must: 25, aim: 35, more: true },
  '40 sign-ins a second: dashboards, likes and publishes good %': { must: 98, aim: 99.9, more: true },
};

const onSite = <Result>(bench: Bench, work: (server: RunningServer) => Promise<Result>): Promise<Result> =>
  withServer(
    bench,
    tahan,
    { place: 'all', workers: { min: WORKERS, max: WORKERS }, env: ADDRESSES, fill: seedSite },
    work,
  );

const walking = (bench: Bench, port: number, rate: number): Promise<JourneysReport> => {
  const spec: JourneysSpec = {
    port,
    seed: bench.run,
    phases: [
      { seconds: WARM_UP_SECONDS, rate: Math.min(rate, CALM_RATE), warmUp: true },
      { seconds: bench.seconds, rate },
    ],
    accounts: { count: SEEDED.users, editors: EDITORS, password: SEEDED.password },
    deadlineMs: GOOD_MS,
    timeoutMs: TIMEOUT_MS,
    thinkMs: THINK_MS,
  };
  // A visit has some ten steps.
  return generate('journeys', spec, (WARM_UP_SECONDS + bench.seconds) * 1000 + 10 * (TIMEOUT_MS + THINK_MS));
};

/** Visitors per second that the cores could serve, from the CPU time of a visit in calm. */
function measureVisits(bench: Bench): Promise<number> {
  return onSite(bench, async ({ port, pids }) => {
    const cpu = (): number => pids.reduce((sum, pid) => sum + treeCpuSeconds(pid), 0);
    const before = cpu();
    await walking(bench, port, CALM_RATE);
    const visits = CALM_RATE * (WARM_UP_SECONDS + bench.seconds);
    return (Math.min(WORKERS, availableParallelism()) * visits) / (cpu() - before);
  });
}

async function walkPoint(bench: Bench, capacity: number, multiple: number): Promise<Row[]> {
  const report = await untilSound(bench, () => onSite(bench, ({ port }) => walking(bench, port, capacity * multiple)));
  const rows: Row[] = Object.entries(report.steps).map(([step, { offered, good, late, refused, accepted }]) => {
    return {
      server: tahan.title,
      case: `${multiple}x, ${step}`,
      values: {
        tried: offered,
        'success %': percent(good + late, offered),
        'good within 500 ms %': percent(good, offered),
        'refused %': percent(refused, offered),
        'p50 ms': accepted.p50Ms,
        'p99 ms': accepted.p99Ms,
      },
      ...voidOf(report),
    };
  });
  const { visitors, content, turnedAway } = report;
  rows.push({
    server: tahan.title,
    case: `${multiple}x, whole visits`,
    values: {
      'visitors/s': visitors / bench.seconds,
      'every step succeeded %': percent(content, visitors),
      turnedAway,
    },
    ...voidOf(report),
  });
  return rows;
}

/** Members at work beside those who sign in. */
async function signInPoint(bench: Bench, rate: number): Promise<Row> {
  const report: LoadReport = await untilSound(bench, () =>
    onSite(bench, async ({ port }) => {
      const members = await signedIn(port, MEMBERS);
      const posts = await postPaths(port);
      const classes: LoadClass[] = [
        await signIns(port, rate),
        {
          name: 'dashboards',
          share: BESIDE.dashboards,
          path: '/dashboard',
          variants: members.map(({ headers }) => ({ headers })),
        },
        {
          name: 'likes',
          share: BESIDE.likes,
          path: posts[0]!,
          expect: 303,
          variants: posts.flatMap((post) =>
            members.map(({ headers, token }, index) => ({
              path: `${post}/like`,
              headers,
              form: { _csrf: token, liked: index % 2 === 0 ? '1' : '0' },
            })),
          ),
        },
        {
          name: 'publishes',
          share: BESIDE.publishes,
          path: '/editor/new',
          expect: 303,
          variants: Array.from({ length: 100 }, (_, number) => {
            const { headers, token } = members[number % EDITORS]!;
            return { headers, form: { _csrf: token, ...newPost(number) } };
          }),
        },
      ];
      const total = classes.reduce((sum, { share }) => sum + share, 0);
      return drive({
        port,
        seed: bench.run,
        connections: 'keep-alive',
        deadlineMs: GOOD_MS,
        timeoutMs: TIMEOUT_MS,
        phases: [
          { seconds: 1, rate: BESIDE.dashboards, only: ['dashboards'], warmUp: true },
          { seconds: bench.seconds, rate: total },
        ],
        classes,
      });
    }),
  );
  const signIn = report.classes['sign-in']!;
  const beside = ['dashboards', 'likes', 'publishes'].map((name) => report.classes[name]!);
  const goodPercent = (among: typeof beside): number =>
    percent(
      among.reduce((sum, { good }) => sum + good, 0),
      among.reduce((sum, { offered }) => sum + offered, 0),
    );
  return {
    server: tahan.title,
    case: `${rate} sign-ins a second`,
    values: {
      'signed in %': percent(signIn.good + signIn.late, signIn.offered),
      'good within 1 s, a second': signIn.goodput,
      'sign-in p50 ms': signIn.accepted.p50Ms,
      // Of all: one that never came is later than any that came.
      'sign-in p99 ms': signIn.good + signIn.late >= 0.99 * signIn.offered ? signIn.accepted.p99Ms : null,
      'dashboards good %': goodPercent([beside[0]!]),
      'likes good %': goodPercent([beside[1]!]),
      'publishes good %': goodPercent([beside[2]!]),
      'dashboards, likes and publishes good %': goodPercent(beside),
    },
    ...voidOf(report),
  };
}

export const journeys: Scenario = {
  name: 'journeys',
  title: 'Real visitors of the built-in site',
  text: `Two workers on all cores, shared with the generator; ${SEEDED.users} seeded members and ${SEEDED.posts} posts, each visitor from an address of
its own, with cookies and form tokens. Visitors come at 1, 2, 5 and 10 times what the cores could serve, which is two cores over the CPU
time of a visit in calm; three of four only read (home, posts, a post, search), the others sign in (one of twenty registers), read,
like, look at the dashboard, and one of ten publishes. A step that fails is not tried again. Sign-ins: beside ${BESIDE.dashboards} dashboards, ${BESIDE.likes} likes and
${BESIDE.publishes} publishes a second of ${MEMBERS} members, good within 500 ms.`,
  verdict: verdictBy(GOALS),
  async run(bench) {
    const { add, score, rows } = scorecard(bench, GOALS);
    for (const rate of SIGN_INS) {
      const row = add(await signInPoint(bench, rate));
      for (const goal of Object.keys(GOALS)) {
        const [name, value = ''] = goal.split(': ');
        if (name === row.case) score(goal, row, row.values[value]);
      }
    }
    const capacity = await measureVisits(bench);
    bench.say(`  capacity: ${capacity.toFixed(1)} visitors/s`);
    for (const multiple of MULTIPLES) for (const row of await walkPoint(bench, capacity, multiple)) add(row);
    return rows;
  },
};
