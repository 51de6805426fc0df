import { generate } from '../../load/drive.ts';
import { treeCpuSeconds } from '../../load/processes.ts';
import { BROWSER } from '../../load/request-bytes.ts';
import { median } from '../../load/statistics.ts';
import { type Goal, scorecard, verdictBy } from '../goals.ts';
import type { Bench, Row, Scenario } from '../scenario.ts';
import type { RunningServer, ServerKind } from '../servers/kinds.ts';
import { PEERS, peer } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';

const ROUNDS = 5;
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 1;
/** The CPU time of a process is counted in steps of 10 ms: a round of half a second is exact to some percent. */
const LEAST_SECONDS = 0.5;

const CASES = { kept: { must: 0.8, aim: 0.9 }, new: { must: 0.85, aim: 0.95 } } as const;
type Case = keyof typeof CASES;

const goalOf = (name: Case): string => `tiny uncached answer per CPU second, x node:http, ${name} connections`;
const GOALS: Record<string, Goal> = Object.fromEntries(
  (Object.keys(CASES) as Case[]).map((name) => [goalOf(name), { ...CASES[name], more: true }]),
);

const plain = peer({ name: 'plain', title: 'node:http', script: 'tiny-plain.js', packages: false });

interface Round {
  rate: number;
  perCpuSecond: number;
  errors: number;
}

async function round(server: RunningServer, name: Case, seconds: number): Promise<Round> {
  const cpu = (): number => server.pids.reduce((sum, pid) => sum + treeCpuSeconds(pid), 0);
  const before = cpu();
  const { answers, errors } = await generate(
    'closed',
    {
      port: server.port,
      path: '/',
      seconds,
      connections: CONNECTIONS,
      newConnections: name === 'new',
      headers: { 'User-Agent': BROWSER, ...(name === 'new' ? { Connection: 'close' } : {}) },
    },
    seconds * 1000,
  );
  const served = answers.good + answers.late;
  return { rate: served / seconds, perCpuSecond: served / (cpu() - before), errors };
}

async function taxRows(bench: Bench, kinds: readonly ServerKind[]): Promise<Row[]> {
  const running = new Map<ServerKind, RunningServer>();
  const seconds = Math.max(LEAST_SECONDS, bench.seconds / ROUNDS);
  try {
    for (const kind of kinds) {
      const env = { TAHAN_SITE: `${PEERS}tiny-site.js` };
      running.set(
        kind,
        await kind.start({ place: 'server', labRate: bench.labRate, ...(kind === tahan ? { env } : {}) }),
      );
    }
    const rows: Row[] = [];
    for (const name of Object.keys(CASES) as Case[]) {
      const rounds = new Map<ServerKind, Round[]>(kinds.map((kind) => [kind, []]));
      for (const server of running.values()) await round(server, name, WARM_UP_SECONDS);
      for (let number = 0; number < ROUNDS; number += 1)
        for (const [kind, server] of running) rounds.get(kind)!.push(await round(server, name, seconds));
      for (const [kind, all] of rounds) {
        const middle = (value: keyof Round): number => median(all.map((one) => one[value]));
        rows.push({
          server: kind.title,
          case: `tiny, ${name} connections`,
          values: {
            'requests per CPU second': middle('perCpuSecond'),
            'requests/s': middle('rate'),
            errors: all.reduce((sum, { errors }) => sum + errors, 0),
          },
        });
      }
    }
    return rows;
  } finally {
    for (const server of running.values()) await server.stop();
  }
}

export const tax: Scenario = {
  name: 'tax',
  title: 'What the engine costs: a tiny uncached answer beside plain node:http',
  text: `The same bare listener (\`bench/peers/tiny.js\`), behind the engine as a site and on plain node:http, both on the same core;
${CONNECTIONS} connections in a closed loop, the servers in turn, medians of ${ROUNDS} rounds. The CPU time is that of all processes of the
server, from /proc.`,
  verdict: verdictBy(GOALS),
  async run(bench) {
    const { rows, add, score } = scorecard(bench, GOALS);
    for (const row of await taxRows(bench, [tahan, plain])) add(row);
    for (const name of Object.keys(CASES) as Case[]) {
      const of = (kind: ServerKind): Row =>
        rows.find((row) => row.server === kind.title && row.case === `tiny, ${name} connections`)!;
      const [ours, theirs] = [of(tahan), of(plain)].map(({ values }) => values['requests per CPU second']!);
      score(goalOf(name), of(tahan), ours! / theirs!);
    }
    return rows;
  },
};
