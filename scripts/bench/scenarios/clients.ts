import { spawnSync } from 'node:child_process';
import { drive, generate } from '../../load/drive.ts';
import type { HeldReport, HeldSpec } from '../../load/held.ts';
import { ADDRESSES, seedSite, signIns } from '../../load/members.ts';
import { BROWSER } from '../../load/request-bytes.ts';
import { WORK_PATH } from '../capacity.ts';
import { type Goal, scorecard, verdictBy } from '../goals.ts';
import { type Bench, percent, type Row, rssOf, type Scenario, untilSound, voidOf, withServer } from '../scenario.ts';
import { tahan } from '../servers/tahan.ts';

const STALLED = 2_000;
const SIGN_INS_PER_SECOND = 2;
const STREAMS = [1_000, 10_000];
const FIRST_EVENT_MS = 1_000;
const IGNORING = 50;
const SLOW_READERS = 200;
/** A reader without progress is cut after 30 s; then it is looked at what has come. */
const SLOW_HOLD_MS = 40_000;
/** Pipelined, so that the answers are much larger than the megabytes that the kernel takes for a client that does not read. */
const PIPELINED = 64;
const PAGE_BYTES = 900_000;
const SAMPLE_MS = 500;
/** Files that a process needs beside its connections. */
const SPARE_FILES = 200;

const GOALS: Record<string, Goal> = {
  '2,000 stalled uploads: honest sign-ins that get through %': { must: 100, aim: 100, more: true },
  'event streams on one worker, each with its first event within 1 s': { must: 1_000, aim: 10_000, more: true },
  '50 clients that ignore Retry-After: goodput % of C': { must: 90, aim: 97, more: true },
};

const head = (method: string, path: string, port: number, fields: string): string =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: ${BROWSER}\r\n${fields}\r\n`;

const hold = (spec: HeldSpec, onStart?: () => void): Promise<HeldReport> =>
  generate('held', spec, (spec.count / spec.perSecond) * 1000 + spec.holdMs, onStart);

/** Sockets that send 1 of the 100 bytes that they promised, again and again; honest members sign in meanwhile. */
async function stalledPoint(bench: Bench): Promise<Row> {
  const taken = await untilSound(bench, () =>
    withServer(
      bench,
      tahan,
      { place: 'all', workers: { min: 2, max: 2 }, env: ADDRESSES, fill: seedSite },
      async ({ port }) => {
        const honest = await signIns(port, 1);
        let began: Promise<Awaited<ReturnType<typeof drive>>> | undefined;
        const held = await hold(
          {
            port,
            count: STALLED,
            perSecond: 500,
            // The honest ones are given 10 s.
            holdMs: bench.seconds * 1000 + 10_000,
            payload: `${head('POST', '/login', port, 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n')}x`,
            read: true,
            reopen: true,
          },
          () => {
            began = drive({
              port,
              seed: bench.run,
              connections: 'new',
              deadlineMs: 10_000,
              timeoutMs: 10_000,
              phases: [{ seconds: bench.seconds, rate: SIGN_INS_PER_SECOND }],
              classes: [{ ...honest, deadlineMs: 10_000 }],
            });
          },
        );
        const report = await began!;
        return { held, report, ...voidOf(report) };
      },
    ),
  );
  const { good, late, offered, accepted } = taken.report.classes['sign-in']!;
  return {
    server: tahan.title,
    case: '2,000 stalled uploads',
    values: {
      'honest sign-ins that get through %': percent(good + late, offered),
      'sign-in p99 ms': accepted.p99Ms,
      'stalled ones answered or ended': taken.held.endedBefore,
    },
    ...voidOf(taken),
  };
}

/** Why this machine cannot hold so many connections; undefined: it can. */
function tooManyFiles(count: number): string | undefined {
  const limit = Number(spawnSync('sh', ['-c', 'ulimit -n']).stdout.toString());
  return Number.isFinite(limit) && limit < count + SPARE_FILES
    ? `a process may have ${limit} open files here (ulimit -n)`
    : undefined;
}

async function streamsPoint(bench: Bench, count: number): Promise<Row> {
  const name = `${count.toLocaleString('en-US')} event streams on one worker`;
  const tooMany = tooManyFiles(count);
  if (tooMany !== undefined)
    return { server: tahan.title, case: name, values: { 'first event within 1 s': null }, void: tooMany };
  const taken = await untilSound(bench, () =>
    withServer(bench, tahan, {}, async (server) => {
      const before = rssOf(server);
      let during = before;
      const sampler = setInterval(() => {
        during = Math.max(during, rssOf(server));
      }, SAMPLE_MS);
      try {
        const held = await hold({
          port: server.port,
          count,
          perSecond: 500,
          holdMs: 2 * FIRST_EVENT_MS,
          payload: head('GET', '/lab/stream?every=10000', server.port, 'Accept: text/event-stream\r\n'),
          read: true,
          reopen: false,
          awaited: 'data: 1\n\n',
          withinMs: FIRST_EVENT_MS,
        });
        return { ...held, kilobytesEach: (during - before) / 1024 / count };
      } finally {
        clearInterval(sampler);
      }
    }),
  );
  return {
    server: tahan.title,
    case: name,
    values: {
      'first event within 1 s': taken.inTime,
      'first event p99 ms': taken.awaited.p99Ms,
      refused: taken.statuses['503'] ?? 0,
      'without a byte': taken.silent,
      'KiB each': taken.kilobytesEach,
    },
    ...voidOf(taken),
  };
}

/** 50 clients that ask again the moment they are refused, beside C of others. */
async function ignoringPoint(bench: Bench): Promise<Row> {
  const capacity = await bench.capacity();
  const taken = await untilSound(bench, () =>
    withServer(bench, tahan, {}, async ({ port }) => {
      const [ignoring, others] = await Promise.all([
        generate(
          'closed',
          { port, path: `${WORK_PATH}&priority=low`, seconds: bench.seconds, connections: IGNORING },
          bench.seconds * 1000,
        ),
        drive({
          port,
          seed: bench.run,
          connections: 'new',
          phases: [{ seconds: bench.seconds, rate: capacity }],
          classes: [{ name: 'others', share: 1, path: WORK_PATH }],
        }),
      ]);
      return { ignoring: ignoring.answers, others: others.classes.others!, ...voidOf(others) };
    }),
  );
  const { ignoring, others } = taken;
  return {
    server: tahan.title,
    case: '50 clients that ignore Retry-After',
    values: {
      'goodput % of C': percent(ignoring.goodput + others.goodput, capacity),
      'goodput of others % of C': percent(others.goodput, capacity),
      'refused a second': ignoring.refused / bench.seconds,
      'others without an answer': others.timedOut + others.reset,
    },
    ...voidOf(taken),
  };
}

async function slowReadersPoint(bench: Bench, name: string, fields: string): Promise<Row> {
  return await withServer(bench, tahan, {}, async (server) => {
    const request = head('GET', `/lab/page/1?cost=0&ttl=3600&size=${PAGE_BYTES}`, server.port, fields);
    const before = rssOf(server);
    let during = before;
    const sampler = setInterval(() => {
      during = Math.max(during, rssOf(server));
    }, SAMPLE_MS);
    try {
      const held = await hold({
        port: server.port,
        count: SLOW_READERS,
        perSecond: 50,
        holdMs: SLOW_HOLD_MS,
        payload: request.repeat(PIPELINED),
        read: false,
        reopen: false,
        completeBytes: PIPELINED * PAGE_BYTES,
      });
      return {
        server: tahan.title,
        case: `${SLOW_READERS} slow readers, ${name}`,
        values: {
          'cut %': percent(held.cut, SLOW_READERS),
          'got all %': percent(held.complete, SLOW_READERS),
          'MiB each at most': (during - before) / 1_048_576 / SLOW_READERS,
          refused: held.statuses['503'] ?? 0,
          'without a byte': held.silent,
        },
        ...voidOf(held),
      };
    } finally {
      clearInterval(sampler);
    }
  });
}

export const clients: Scenario = {
  name: 'clients',
  title: 'Clients that do not do their part',
  text: `Stalled uploads: ${STALLED} sockets hold \`POST /login\` with 1 of 100 bytes and come again a second after each answer or end, while members sign in
(${SIGN_INS_PER_SECOND} a second, two workers on all cores; a sign-in within 10 s got through). Event streams: \`/lab/stream\` on one worker, 500 opened a
second. ${IGNORING} clients on kept connections that ask again the moment they are refused (low priority), beside C of others on new connections
(normal): goodput is what both got. Slow readers: ${SLOW_READERS} clients ask for ${PIPELINED} x ${PAGE_BYTES / 1000} KB and read nothing for ${SLOW_HOLD_MS / 1000} s; then those count as
cut to whom the server had ended the connection with a part unsent.`,
  verdict: verdictBy(GOALS),
  async run(bench) {
    const { add, score, rows } = scorecard(bench, GOALS);
    const stalled = add(await stalledPoint(bench));
    score(
      '2,000 stalled uploads: honest sign-ins that get through %',
      stalled,
      stalled.values['honest sign-ins that get through %'],
    );
    // The goal is how many: the largest number of which each had its event in time, else how many had.
    let most: { row: Row; count: number } | undefined;
    for (const count of STREAMS) {
      const row = add(await streamsPoint(bench, count));
      const inTime = row.values['first event within 1 s'] ?? 0;
      if (most === undefined || inTime === count) most = { row, count: inTime };
    }
    score('event streams on one worker, each with its first event within 1 s', most!.row, most!.count);
    const ignoring = add(await ignoringPoint(bench));
    score('50 clients that ignore Retry-After: goodput % of C', ignoring, ignoring.values['goodput % of C']);
    add(await slowReadersPoint(bench, 'a page from the cache', ''));
    add(await slowReadersPoint(bench, 'a page of the site', 'Authorization: Bearer bench\r\n'));
    return rows;
  },
};
