import { describe, expect, test } from '@jest/globals';
import type { ClassReport } from '../../../scripts/load/tally.ts';
import { allScenarios, problemOf } from '../../../scripts/stress/all-scenarios.ts';
import { disturbance, reconsidered } from '../../../scripts/stress/disturbance.ts';
import { type Measured, metricsOf } from '../../../scripts/stress/measured.ts';
import { readOptions } from '../../../scripts/stress/options.ts';
import { longestGapMs, recoveryMs } from '../../../scripts/stress/recovery.ts';
import { hasPassed, type ScenarioResult, wasDisturbed } from '../../../scripts/stress/result.ts';
import { expectedSeconds, mixText, whySkipped } from '../../../scripts/stress/run.ts';
import { defineScenario } from '../../../scripts/stress/scenario.ts';
import { MAIN_PAGE, STANDARD_MIX, thresholdsFor } from '../../../scripts/stress/standard-mix.ts';
import { judge } from '../../../scripts/stress/thresholds/evaluate.ts';
import { parseThreshold } from '../../../scripts/stress/thresholds/parse.ts';

const step = (offered: number, good: number, refused = offered - good) => ({
  offered,
  good,
  lastGood: 0,
  refused,
  failed: 0,
  accepted: [],
});

/** A route as the generator reports it, of steps of 500 ms. */
function classOf(series: ReturnType<typeof step>[], over: Partial<ClassReport> = {}): ClassReport {
  const sum = (of: (one: ReturnType<typeof step>) => number): number => series.reduce((all, one) => all + of(one), 0);
  const none = { p50Ms: 0, p99Ms: 0, maxMs: 0 };
  return {
    offered: sum(({ offered }) => offered),
    good: sum(({ good }) => good),
    refused: sum(({ refused }) => refused),
    lastGood: 0,
    late: 0,
    failed: 0,
    timedOut: 0,
    reset: 0,
    unsent: 0,
    goodput: 0,
    accepted: none,
    refusals: none,
    latencies: { accepted: [[500, 10]], refused: [[300, 10]] },
    watched: {},
    series,
    ...over,
  };
}

const measured = (over: Partial<Measured>): Measured => ({
  classes: {},
  kind: 'route',
  bucketMs: 500,
  goodMs: 1_000,
  capacityOf: {},
  peak: undefined,
  wellFromMs: undefined,
  samples: [],
  events: [],
  checks: {},
  alive: true,
  ...over,
});

const spike = (await allScenarios()).find(({ name }) => name === 'spike')!;
const verdictOf = (thresholds: readonly string[], values: Measured): string[] =>
  thresholds
    .map((text) => judge(parseThreshold(text), metricsOf(values)))
    .filter(({ passed }) => !passed)
    .map(({ text }) => text);

/** Three steps of calm, four of a peak at five times the capacity, four of calm. */
const storm = (homeGood: number, workGood: number, after: number, over: Partial<ClassReport> = {}): Measured =>
  measured({
    classes: {
      home: classOf([
        ...Array(3).fill(step(50, 50)),
        ...Array(4).fill(step(1_000, homeGood)),
        ...Array(4).fill(step(50, 50)),
      ]),
      work: classOf(
        [...Array(3).fill(step(30, 30)), ...Array(4).fill(step(500, workGood)), ...Array(4).fill(step(30, after))],
        over,
      ),
    },
    capacityOf: { home: 400, work: 200 },
    peak: { fromMs: 1_500, toMs: 3_500 },
    wellFromMs: 3_500,
  });

describe('the verdict on a spike', () => {
  test('holds for a server that goes on working and says no to the rest', () => {
    expect(verdictOf(spike.thresholds, storm(1_000, 80, 30))).toEqual([]);
  });

  test('fails when useful work collapses', () => {
    expect(verdictOf(spike.thresholds, storm(1_000, 5, 30))).toContain('goodput{route:work}: value>=0.25');
  });

  test('fails when the main page is not there', () => {
    expect(verdictOf(spike.thresholds, storm(0, 80, 30))).toEqual(
      expect.arrayContaining(['good_rate{route:home}: rate>=0.8', 'gap{route:home}: max<=1s']),
    );
  });

  test('fails when visitors get no answer', () => {
    expect(verdictOf(spike.thresholds, storm(1_000, 80, 30, { timedOut: 900 }))).toContain('lost_rate: rate<=0.05');
  });

  test('fails when they are told “not now” after a long wait, or nobody is', () => {
    const slow = {
      latencies: {
        accepted: [],
        refused: [
          [700, 8],
          [1_000, 2],
        ],
      },
    } as Partial<ClassReport>;
    expect(verdictOf(spike.thresholds, storm(1_000, 80, 30, slow))).toContain('refused_in_time: rate>=0.9');
    const none = { latencies: { accepted: [], refused: [] } } as Partial<ClassReport>;
    const all = storm(1_000, 80, 30, none);
    all.classes.home!.latencies.refused = [];
    expect(verdictOf(spike.thresholds, all)).toContain('refused_in_time: rate>=0.9');
  });

  test('fails when it never becomes well again', () => {
    expect(verdictOf(spike.thresholds, storm(1_000, 80, 10))).toContain('recovery: max<3s');
  });

  test('fails when the server is gone afterwards', () => {
    expect(verdictOf(spike.thresholds, { ...storm(1_000, 80, 30), alive: false })).toEqual(['alive: rate>=1']);
  });
});

describe('a run', () => {
  const result = (status: ScenarioResult['status']) => ({ status }) as ScenarioResult;

  test('has passed when every scenario that could be run has', () => {
    expect(hasPassed({ scenarios: [result('passed'), result('skipped')], partial: false })).toBe(true);
  });

  test.each([
    [[result('passed'), result('failed')], false],
    [[result('passed'), result('void')], false],
    [[result('skipped')], false],
    [[], false],
    [[result('passed')], true],
  ])('has not passed: %j, interrupted: %s', (scenarios, partial) => {
    expect(hasPassed({ scenarios, partial })).toBe(false);
  });

  test('is void, and not failed, when the machine is what kept it from passing', () => {
    const is = (...all: ScenarioResult['status'][]): boolean =>
      wasDisturbed({ scenarios: all.map(result), partial: false });
    expect([is('passed', 'void'), is('failed', 'void'), is('passed', 'failed'), is('passed')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test('that fails says nothing when other programs took much more than while the capacity was found', () => {
    const of = (text: string, passed = false) => [{ text, measured: 0, passed }];
    const slow = of('good_rate: rate>=0.7');
    const quiet = { share: 0.1, ofTheRest: 0.2 };
    const busy = { share: 0.5, ofTheRest: 0.9 };
    expect(disturbance(slow, quiet, busy)).toBe(
      'other programs took 50 % of the CPU time, and 10 % while the capacity was found',
    );
    expect(disturbance(slow, busy, quiet)).toBeUndefined();
    expect(disturbance(slow, busy, busy)).toBeUndefined();
    // Who takes whatever is left takes more where the test needs less.
    expect(disturbance(slow, { share: 0.57, ofTheRest: 1 }, { share: 0.75, ofTheRest: 1 })).toBeUndefined();
    // Where the test needs all, little is the whole rest.
    expect(disturbance(slow, { share: 0.03, ofTheRest: 0.1 }, { share: 0.05, ofTheRest: 1 })).toBeUndefined();
    expect(disturbance(of('good_rate: rate>=0.7', true), quiet, busy)).toBeUndefined();
    // No machine is so busy that an old page is a new one.
    expect(disturbance([...slow, ...of('checks{check:new}: rate>=1')], quiet, busy)).toBeUndefined();
  });

  test('that fails is void when another instance can do much less, or much more, right after it', () => {
    const failed = (text: string) => ({ ...result('failed'), thresholds: [{ text, measured: 0, passed: false }] });
    const slow = failed('good_rate: rate>=0.7');
    expect(reconsidered(slow, 900, 450)).toMatchObject({
      status: 'void',
      reason: expect.stringContaining('not the same'),
    });
    expect(reconsidered(slow, 113, 338).status).toBe('void');
    expect(reconsidered(slow, 900, 800)).toBe(slow);
    expect(reconsidered(slow, 450, 900)).toBe(slow);
    const old = failed('checks{check:new}: rate>=1');
    expect(reconsidered(old, 900, 450)).toBe(old);
  });
});

describe('on other pages than those of the built-in site', () => {
  test('what can have no numbers is not asked, and the rest is', () => {
    expect(thresholdsFor(spike, STANDARD_MIX)).toEqual(spike.thresholds);
    const left = thresholdsFor(spike, MAIN_PAGE);
    expect(left).toContain('good_rate{route:home}: rate>=0.8');
    expect(left).toContain('alive: rate>=1');
    expect(left.filter((text) => /route:work|refused/.test(text))).toEqual([]);
  });

  test('scenarios are left out that need the pages or the data of the built-in site, and say so', async () => {
    const { options } = readOptions(['--app', 'app.js'], []);
    const left = (await allScenarios()).filter((one) => whySkipped(one, options) === undefined).map(({ name }) => name);
    expect(left).toEqual(expect.arrayContaining(['steady', 'spike', 'worker-killed', 'all-blocked', 'reload', 'step']));
    for (const name of ['flash-crowd', 'journeys', 'database-locked', 'slow-upstream', 'memory-leak'])
      expect(left).not.toContain(name);
    const built = readOptions([], []).options;
    expect(
      (await allScenarios()).filter(({ fault }) => fault?.name !== 'disk-full').map((one) => whySkipped(one, built)),
    ).toEqual(Array(21).fill(undefined));
    expect([expectedSeconds(built, await allScenarios()) < 300, mixText(options)]).toEqual([true, 'the main page']);
  });

  test('a page that a scenario of one’s own misspells still fails it', () => {
    const own = { ...spike, routes: MAIN_PAGE, thresholds: ['good_rate{route:wrok}: rate>=0.8'] };
    expect(verdictOf(thresholdsFor(own, MAIN_PAGE), measured({}))).toEqual(own.thresholds);
  });
});

describe('recovery', () => {
  test('is the start of the first two good steps in a row', () => {
    expect(recoveryMs([step(9, 0), step(9, 0), step(20, 16), step(9, 1), step(9, 9), step(9, 9)], 500, 500)).toBe(
      1_500,
    );
  });

  test('is infinite when it never comes, and unknown when nobody came', () => {
    expect(recoveryMs([step(9, 9), step(9, 9), step(9, 0)], 500, 1_000)).toBe(Number.POSITIVE_INFINITY);
    expect(recoveryMs([step(9, 9)], 500, 1_000)).toBeUndefined();
  });

  test('a gap is time in which visitors came and none was served', () => {
    expect(longestGapMs([step(1, 0), step(1, 1), step(3, 0), step(0, 0), step(3, 0)], 500)).toBe(1_000);
  });
});

describe('the scenarios', () => {
  test('are as the contract says, and each has its name once', async () => {
    const all = await allScenarios();
    expect(all.length).toBeGreaterThanOrEqual(19);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  test.each([
    [{ name: 'A b' }, 'the name'],
    [{ parts: [] }, 'has parts'],
    [{ parts: [{ seconds: 5, load: 50 }] }, 'has parts'],
    [{ thresholds: [] }, 'could not fail'],
    [{ thresholds: ['nonsense'] }, 'threshold'],
    [{ fault: { name: 'reload', at: 2, seconds: 0 } as const }, 'has a fault'],
  ])('one that is wrong is named: %j', (over, why) => {
    const scenario = defineScenario({
      name: 'a',
      title: 'a',
      text: 'a',
      parts: [{ seconds: 1, load: 1 }],
      thresholds: ['alive: rate>=1'],
      ...over,
    });
    expect(problemOf(scenario)).toContain(why);
  });
});
