import { describe, expect, test } from '@jest/globals';
import { type AlertChange, type AlertState, evaluate } from '../../../src/engine/alerts/evaluate.ts';
import { type AlertSettings, evaluateOptions, NO_ALERT_SETTINGS } from '../../../src/engine/alerts/file.ts';
import { RULES } from '../../../src/engine/alerts/rules.ts';
import { Window } from '../../../src/engine/alerts/window.ts';
import type { Sample } from '../../../src/engine/monitor-sample.ts';
import { sampleOf } from './sample.ts';

const T0 = 1_800_000_000_000;
const HOUR = 3_600;

/** Runs so many seconds of samples through all rules. */
function run(
  seconds: number,
  at: (second: number) => Partial<Sample> & { rate?: number },
  settings: AlertSettings = NO_ALERT_SETTINGS,
  step = 1,
): { changes: AlertChange[]; states: Map<string, AlertState> } {
  const window = new Window();
  let states = new Map<string, AlertState>();
  const changes: AlertChange[] = [];
  for (let second = step; second <= seconds; second += step) {
    const { rate = 10, ...rest } = at(second);
    const sample = sampleOf(T0 + second * 1_000, { fresh: rate * step }, { seconds: step, ...rest });
    window.add(sample.at, step, sample.outcomes, sample.failedSignIns);
    const judged = evaluate(
      RULES,
      states,
      { now: sample.at, sample, window, disk: undefined },
      evaluateOptions(settings),
    );
    states = judged.states;
    changes.push(...judged.changes);
  }
  return { changes, states };
}

const told = (changes: readonly AlertChange[]): string[] =>
  changes.map(({ kind, state }) => `${state.name} ${kind} ${state.severity}`);
const noise = (second: number): number => Math.abs(Math.sin(second * 12.9898) * 43_758.5453) % 1;

describe('the surge alert', () => {
  test('tells a surge of 60 s once, and its end once, and no drop after it', () => {
    const { changes } = run(3 * HOUR, (second) => ({
      rate: second > HOUR && second <= HOUR + 60 ? 120 : 8 + 4 * noise(second),
    }));
    expect(changes.map(({ kind, state }) => `${state.name} ${kind}`)).toEqual(['surge firing', 'surge resolved']);
    const [first, last] = changes;
    expect((first!.at - T0) / 1_000 - HOUR).toBeLessThanOrEqual(60);
    expect(first!.state.id).toBe(last!.state.id);
  });

  test.each([
    ['an hour', HOUR],
    ['a day', 24 * HOUR],
  ])('does not tell a sine of normal size with a period of %s', (_, period) => {
    const { changes } = run(
      Math.min(3 * period, 26 * HOUR),
      (second) => ({ rate: 20 + 15 * Math.sin((second * 2 * Math.PI) / period) + 5 * noise(second) }),
      NO_ALERT_SETTINGS,
      5,
    );
    expect(told(changes)).toEqual([]);
  });

  test('does not tell a handful of requests in a quiet night', () => {
    const { changes } = run(3 * HOUR, (second) => ({ rate: second % 600 < 20 ? 2 : 0 }));
    expect(told(changes)).toEqual([]);
  });

  test('warns over +200 %, and is critical over +400 %', () => {
    const grown = (factor: number) =>
      run(2 * HOUR, (second) => ({ rate: second > HOUR ? 10 * factor : 10 })).changes.find(
        ({ kind }) => kind === 'firing',
      )?.state.severity;
    expect([grown(2.5), grown(4), grown(12)]).toEqual([undefined, 'warn', 'critical']);
  });

  test('takes what stays for half an hour for the new level', () => {
    const { changes } = run(3 * HOUR, (second) => ({ rate: second > HOUR ? 100 : 10 }));
    expect(changes.map(({ kind, state }) => `${state.name} ${kind}`)).toEqual(['surge firing', 'surge resolved']);
  });

  test('that comes again within the hold is not told again, and after it is', () => {
    const surges = (...begins: number[]) =>
      run(3 * HOUR, (second) => ({
        rate: begins.some((begin) => second > begin && second <= begin + 60) ? 200 : 10,
      })).changes.filter(({ kind }) => kind === 'firing').length;
    expect([surges(HOUR, HOUR + 400), surges(HOUR, HOUR + 2_400)]).toEqual([1, 2]);
  });
});

describe('the drop alert', () => {
  test('tells when hardly anybody comes any more', () => {
    const { changes } = run(2 * HOUR, (second) => ({ rate: second > HOUR ? 1 : 20 }));
    expect(told(changes)).toEqual(['drop firing warn', 'drop resolved warn']);
  });
});

describe('an alert', () => {
  const saturatedFor = (length: number, every = Number.POSITIVE_INFINITY) =>
    run(HOUR, (second) => {
      const since = (second - 600) % every;
      return { mode: second > 600 && since <= length ? 'saturated' : 'calm' };
    });

  test('fires when it was so for its time, and not sooner', () => {
    expect(told(saturatedFor(30).changes)).toEqual([]);
    expect(told(saturatedFor(31).changes)).toEqual(['saturated firing warn', 'saturated resolved warn']);
  });

  test('that comes and goes is one alert', () => {
    // Saturated 40 of every 55 s: its clearing time is 30.
    expect(told(saturatedFor(40, 55).changes)).toEqual(['saturated firing warn']);
  });

  test('can be switched off and tuned', () => {
    const busy = (settings: AlertSettings) =>
      told(run(HOUR, (second) => ({ mode: second > 600 && second < 660 ? 'saturated' : 'calm' }), settings).changes);
    expect(busy({ hold: 600, rules: { saturated: { off: true } } })).toEqual([]);
    expect(busy({ hold: 600, rules: { saturated: { for: 90 } } })).toEqual([]);
    expect(busy(NO_ALERT_SETTINGS)).toHaveLength(2);
  });
});

describe('each rule', () => {
  const GB = 1_073_741_824;
  const worker = {
    name: 'worker-1',
    pid: 1,
    state: 'serving',
    ageSeconds: 1,
    servingSeconds: 1,
    connections: 0,
    inFlight: 0,
    queued: 0,
    queueDelayMs: 0,
    lagP50Ms: 0,
    lagP99Ms: 0,
    elu: 0,
    rssBytes: 0,
    heapBytes: 0,
    completed: 0,
    refused: 0,
    arrived: 0,
    poolQueued: 0,
    poolRunning: 0,
    sqliteWaitMs: 0,
    features: { posts: 'down', home: 'ok' } as const,
    lastWords: '',
  };
  const outcomes = (bad: Partial<Sample['outcomes']>): Partial<Sample> => ({
    outcomes: { fresh: 10, last_good: 0, rendered: 0, site: 0, refused: 0, failed: 0, ...bad },
  });
  const cases: [string, (second: number) => Partial<Sample>][] = [
    ['errors_fast', () => outcomes({ failed: 2 })],
    ['errors_slow', (second) => outcomes({ failed: second % 100 === 0 ? 8 : 0 })],
    ['refused_fast', () => outcomes({ refused: 5 })],
    ['refused_slow', () => outcomes({ refused: 2 })],
    ['last_good', () => outcomes({ last_good: 9 })],
    ['saturated', () => ({ mode: 'saturated' })],
    ['down', () => ({ mode: 'down', reason: 'no worker serves' })],
    ['lifeboat', () => ({ lifeboat: true })],
    ['crash_loop', () => ({ crashLoop: true })],
    ['failed_fork', (second) => ({ failedForks: second === 3_000 ? 1 : 0 })],
    [
      'memory',
      () => ({ host: { cores: 2, idleCores: 0, stealShare: 0, memoryAvailableBytes: GB / 20, memoryLimitBytes: GB } }),
    ],
    ['cache_collapse', (second) => outcomes(second > 2_700 ? { fresh: 1, rendered: 9 } : {})],
    [
      'at_max',
      (second) => ({
        mode: 'busy',
        decision: {
          at: T0,
          lastAt: T0 + second * 1_000,
          action: 'hold',
          cause: 'max',
          reason: 'at the most',
          vetoed: true,
        },
      }),
    ],
    ['feature_down', () => ({ workers: [worker] })],
    ['sign_in_attack', () => ({ failedSignIns: 5 })],
  ];

  test.each(cases)('%s fires when it should', (name, at) => {
    const { changes } = run(HOUR + 600, (second) => (second > 600 ? at(second) : {}), NO_ALERT_SETTINGS, 5);
    expect(changes.filter(({ kind }) => kind === 'firing').map(({ state }) => state.name)).toContain(name);
  });

  test('has a case here, and says what to do', () => {
    const tested = new Set([...cases.map(([name]) => name), 'surge', 'drop', 'disk', 'stress_fall']);
    expect(RULES.filter(({ name }) => !tested.has(name))).toEqual([]);
    expect(RULES.filter(({ sentence }) => sentence.length < 20)).toEqual([]);
  });

  test('stress_fall warns of a run that is below those before, and of no other', () => {
    const rule = RULES.find(({ name }) => name === 'stress_fall')!;
    const of = (fallen: boolean) =>
      rule.signal(
        {
          now: T0,
          sample: sampleOf(T0),
          window: new Window(),
          disk: undefined,
          stress: { now: 700, usual: 1_000, band: 0.08, fallen },
        },
        rule.limits,
        undefined,
      );
    expect(of(true)).toMatchObject({ severity: 'warn', value: expect.closeTo(30) });
    expect(of(true).text).toContain('-30 %, of which 8 % may be noise');
    expect(of(false).severity).toBeUndefined();
  });

  test('disk warns, and is critical, by what is left', () => {
    const rule = RULES.find(({ name }) => name === 'disk')!;
    const at = (freeBytes: number) =>
      rule.signal(
        { now: T0, sample: sampleOf(T0), window: new Window(), disk: { freeBytes, totalBytes: 1_000 } },
        rule.limits,
        undefined,
      ).severity;
    expect([at(500), at(50), at(10)]).toEqual([undefined, 'warn', 'critical']);
  });

  test('none fires on a calm day', () => {
    expect(told(run(2 * HOUR, () => ({})).changes)).toEqual([]);
  });
});

test('the window is bounded', () => {
  const window = new Window();
  for (let hour = 0; hour < 24 * HOUR; hour += 10)
    window.add(T0 + hour * 1_000, 10, sampleOf(0, { fresh: 1 }).outcomes);
  expect(window.size).toBeLessThanOrEqual(2_200);
});
