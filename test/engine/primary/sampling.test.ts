import { describe, expect, test } from '@jest/globals';
import { HISTOGRAMS } from '../../../src/engine/metrics/definitions.ts';
import { outcomeOf } from '../../../src/engine/metrics/outcome.ts';
import { quantile } from '../../../src/engine/metrics/quantile.ts';
import { MAX_HOLDS, MAX_SAMPLE_ROUTES, sampleSchema } from '../../../src/engine/monitor-sample.ts';
import { buildSample, limitOf, type SampleInput } from '../../../src/engine/primary/sampling.ts';
import { createTally } from '../../../src/engine/primary/tally.ts';
import { beatOf } from '../metrics/beat.ts';

const NO_HOST = { memoryAvailableBytes: undefined, memoryLimitBytes: undefined };

test.each([
  [200, 'fresh', 'fresh'],
  [304, 'revalidate', 'fresh'],
  [200, 'last_good', 'last_good'],
  [200, 'miss', 'rendered'],
  [404, 'bypass', 'site'],
  [500, 'bypass', 'failed'],
  [503, 'refused', 'refused'],
  [200, 'engine', undefined],
] as const)('an answer %s %s is, to a visitor, %s', (status, cache, outcome) =>
  expect(outcomeOf(status, cache)).toBe(outcome),
);

describe('a quantile of a histogram', () => {
  test.each([
    ['of nothing is 0', [0, 0, 0], 0],
    ['is spread evenly within its bucket', [10, 0, 0], 5],
    ['lies in the bucket in which its share is reached', [4, 6, 0], 10 + (10 * 1) / 6],
    ['beyond the last bound is that bound', [0, 0, 3], 20],
  ] as const)('%s', (_, counts, expected) => expect(quantile([...counts], [10, 20], 0.5)).toBeCloseTo(expected));
});

describe('the tally', () => {
  test('adds up outcomes, refusals, sign-ins and times, and begins anew', () => {
    const tally = createTally();
    const buckets = HISTOGRAMS.tahan_answer_duration_seconds.buckets;
    const counts = new Array<number>(buckets.length + 1).fill(0).with(0, 100);
    const delta = {
      counters: [
        ['http_requests_total', ['/', 'GET', '200', 'fresh'], 7],
        ['http_requests_total', ['/health', 'GET', '200', 'engine'], 3],
        ['http_requests_total', ['/posts', 'GET', '503', 'refused'], 2],
        ['http_requests_total', ['/login', 'POST', '401', 'bypass'], 4],
        ['tahan_refused_total', ['low', 'queue', 'false'], 2],
        ['tahan_refused_total', ['low', 'queue', 'true'], 9],
        ['tahan_lifeboat_answers_total', ['last_good'], 5],
      ] as [string, string[], number][],
      histograms: [['tahan_answer_duration_seconds', ['fresh'], counts, 1]] as [string, string[], number[], number][],
    };
    tally.add('worker-1', delta);
    expect(tally.take()).toEqual({
      outcomes: { fresh: 7, last_good: 5, rendered: 0, site: 4, refused: 2, failed: 0 },
      latency: { fresh: { p50: 0.25, p99: 0.495 } },
      poolWait: null,
      routes: [],
      refusedWhy: { queue: 2 },
      refusedWhere: [{ route: '/posts', count: 2 }],
      lifeboatAnswers: 5,
      failedSignIns: 4,
    });
    expect(tally.complete).toBe(false);
    tally.add('worker-1', { counters: [], histograms: [] });
    expect(tally.complete).toBe(true);
    expect(tally.take().outcomes.fresh).toBe(0);
  });

  test('tells the routes that were asked for most, and the rest as one', () => {
    const tally = createTally();
    const { buckets } = HISTOGRAMS.http_request_duration_seconds;
    const counts = (count: number) => new Array<number>(buckets.length + 1).fill(0).with(1, count);
    for (let index = 1; index <= 100; index++)
      tally.add('w', {
        counters: [],
        histograms: [['http_request_duration_seconds', [`/route-${index}`], counts(index), 1]],
      });
    const { routes } = tally.take();
    expect([routes.length, routes[0]?.route, routes.at(-1)?.route]).toEqual([MAX_SAMPLE_ROUTES, '/route-100', 'other']);
    expect(routes.reduce((sum, { counts: [, count = 0] }) => sum + count, 0)).toBe(5_050);
  });

  test('tells how long tasks waited for a thread', () => {
    const tally = createTally();
    const { buckets } = HISTOGRAMS.tahan_pool_wait_seconds;
    const counts = new Array<number>(buckets.length + 1).fill(0).with(buckets.indexOf(0.1), 10);
    tally.add('w', { counters: [], histograms: [['tahan_pool_wait_seconds', [], counts, 1]] });
    expect(tally.take().poolWait).toEqual({ p50: expect.closeTo(75), p99: expect.closeTo(99.5) });
    expect(tally.take().poolWait).toBeNull();
  });

  test('tells a bounded number of routes apart', () => {
    const tally = createTally();
    for (let index = 0; index < 10_000; index++)
      tally.add('w', { counters: [['tahan_refused_total', ['low', `why-${index}`, 'false'], 1]], histograms: [] });
    const { refusedWhy } = tally.take();
    expect(Object.keys(refusedWhy).length).toBeLessThanOrEqual(257);
    expect(Object.values(refusedWhy).reduce((sum, count) => sum + count, 0)).toBe(10_000);
  });
});

describe('what limits the server', () => {
  test.each([
    ['nothing', { loop: 0.5, pool: 0.1, elsewhere: 0 }, NO_HOST, 0, null],
    ['the loop', { loop: 2, pool: 1, elsewhere: 0 }, NO_HOST, 0, 'loop'],
    ['the pool', { loop: 0.5, pool: 1, elsewhere: 0 }, NO_HOST, 0, 'pool'],
    ['an upstream', { loop: 0.5, pool: 0.1, elsewhere: 3 }, NO_HOST, 0, 'upstream'],
    ['the lock', { loop: 0.9, pool: 0, elsewhere: 0 }, NO_HOST, 500, 'database lock'],
    ['memory', { loop: 2, pool: 0, elsewhere: 0 }, { memoryAvailableBytes: 1, memoryLimitBytes: 100 }, 0, 'memory'],
  ] as const)('%s', (_, load, host, sqliteWaitMs, expected) =>
    expect(limitOf(load, host, [{ sqliteWaitMs }], 1)).toBe(expected),
  );
});

describe('a sample', () => {
  const inputOf = (completed: number, name = 'worker-1'): SampleInput => ({
    at: 1_800_000_000_000,
    now: 10_000,
    seconds: 1,
    mode: { mode: 'calm', reason: 'every worker has room' },
    modeSince: 1,
    lifeboat: false,
    backlog: undefined,
    counted: createTally().take(),
    workers: [
      {
        name,
        pid: 7,
        state: 'serving',
        startedAt: 1_000,
        servingAt: 4_000,
        lastSignAt: 9_990,
        beat: beatOf({ completed }),
        failure: undefined,
        blocked: false,
      },
    ],
    target: 1,
    config: { workersMin: 1, workersMax: 2, cores: 2 },
    decision: undefined,
    crashLoop: false,
    deaths: 0,
    failedForks: 0,
    host: {
      idleCores: undefined,
      stealShare: undefined,
      quotaCores: undefined,
      throttledShare: undefined,
      throttledMs: undefined,
      cpuPressure: undefined,
      memoryPressure: undefined,
      memoryLimitBytes: undefined,
      memoryAvailableBytes: undefined,
    },
    holds: [],
    tickLateMs: [1, 2, 30],
  });

  test('tells a worker that gives no sign of life as silent, and takes none of its old numbers for the load', () => {
    const input = inputOf(100);
    const [worker] = input.workers;
    const beat = beatOf({ cachePages: 5 });
    const of = (blocked: boolean) =>
      buildSample({ ...input, workers: [{ ...worker!, beat, blocked }] }, new Map()).sample;
    expect([of(false).workers[0]?.state, of(true).workers[0]?.state]).toEqual(['serving', 'silent']);
    expect([of(false).cache.pages, of(true).cache.pages]).toEqual([5, 0]);
  });

  test('is valid, and has what was done since the one before', () => {
    const first = buildSample(inputOf(100), new Map());
    const second = buildSample(inputOf(130), first.seen);
    expect(sampleSchema.parse(second.sample)).toEqual(second.sample);
    const [worker] = second.sample.workers;
    expect([worker!.completed, worker!.ageSeconds, worker!.servingSeconds]).toEqual([30, 9, 6]);
    expect([second.sample.backlog, second.sample.tickLateP99Ms]).toEqual([null, 30]);
  });

  test('tells a bounded number of holds, and how many more there are', () => {
    const holds = Array.from({ length: MAX_HOLDS + 3 }, (_, index) => ({
      what: `/${index} is switched off`,
      since: 1,
      until: null,
      back: { do: 'feature', path: `/${index}`, on: true } as const,
    }));
    const { sample } = buildSample({ ...inputOf(1), holds }, new Map());
    expect([sample.holds.length, sample.holdsLeftOut]).toEqual([MAX_HOLDS, 3]);
    expect(sampleSchema.safeParse(sample).success).toBe(true);
  });

  test('takes a worker that began anew under the same name for no less than nothing', () => {
    const first = buildSample(inputOf(100), new Map());
    expect(buildSample(inputOf(5), first.seen).sample.workers[0]!.completed).toBe(0);
    expect(buildSample(inputOf(5, 'worker-2'), first.seen).seen.size).toBe(1);
  });
});
