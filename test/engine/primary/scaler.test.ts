import { describe, expect, test } from '@jest/globals';
import type { Beat } from '../../../src/engine/beats.ts';
import type { HostSample } from '../../../src/engine/host/host.ts';
import { flapMultiplier, noFlaps, steppedDown, steppedUp } from '../../../src/engine/primary/scaler/flap.ts';
import { writeJournal } from '../../../src/engine/primary/scaler/journal.ts';
import { SCALER_DEFAULTS, type ScalerOptions } from '../../../src/engine/primary/scaler/options.ts';
import { NO_PANIC, nextPanic, stepSize } from '../../../src/engine/primary/scaler/panic.ts';
import type { FleetSignals } from '../../../src/engine/primary/scaler/signals.ts';
import { sparesWanted } from '../../../src/engine/primary/scaler/spares.ts';
import { roomFor } from '../../../src/engine/primary/scaler/veto.ts';
import {
  type Decision,
  decide,
  notCarriedOut,
  type ScalerInput,
  scalerAtStart,
} from '../../../src/engine/primary/scaler.ts';
import { host, serving } from './views.ts';

const BEAT_MS = 100;

/** A fleet whose every worker tells the same, driven beat by beat. */
function fleet(changes: Partial<ScalerInput> = {}, options: ScalerOptions = SCALER_DEFAULTS) {
  let state = scalerAtStart(0);
  let now = 0;
  let counters = { arrived: 0, completed: 0, refused: 0, sqliteWaitMs: 0 };
  const self = {
    target: changes.target ?? 1,
    decisions: [] as Decision[],
    /** Beats with these values; `perBeat`: what the counters grow by in each. Decisions are carried out at once. */
    run(
      beats: number,
      values: Partial<Beat>,
      perBeat: Partial<typeof counters> = {},
      machine: Partial<HostSample> = {},
    ): Decision {
      let last: Decision | undefined;
      for (let beat = 0; beat < beats; beat++) {
        now += BEAT_MS;
        counters = {
          arrived: counters.arrived + (perBeat.arrived ?? 0),
          completed: counters.completed + (perBeat.completed ?? 0),
          refused: counters.refused + (perBeat.refused ?? 0),
          sqliteWaitMs: counters.sqliteWaitMs + (perBeat.sqliteWaitMs ?? 0),
        };
        const workers = Array.from({ length: self.target }, (_, index) =>
          serving(`worker-${index + 1}`, now, { ...values, ...counters }),
        );
        const input = {
          workers,
          blocked: new Set<string>(),
          host: host(machine),
          min: 1,
          max: 4,
          cores: 4,
          operation: undefined,
          ...changes,
          target: self.target,
        };
        const outcome = decide(input, state, now, options);
        state = outcome.state;
        last = outcome.decision;
        self.decisions.push(last);
        self.target = last.target;
      }
      if (last === undefined) throw new RangeError('no beats');
      return last;
    },
  };
  return self;
}

const CALM = { elu: 0.2 };
const PRESSED = { elu: 0.95, queueDelayMs: 45 };
const actions = (decisions: Decision[]): string[] =>
  decisions.filter(({ action }) => action !== 'hold').map(({ action }) => action);

describe('up', () => {
  test('when the queue delay is over its target in two beats running and the loops were busy', () => {
    const workers = fleet();
    workers.run(100, { elu: 0.75 });
    expect(workers.run(1, PRESSED).action).toBe('hold');
    const decision = workers.run(1, PRESSED);
    expect(decision).toMatchObject({ action: 'up', target: 2, cause: 'queue_delay', vetoed: false });
    expect(decision.reason).toBe('scale up 1 -> 2: queue delay 45 ms in 2 beats, 1.9 cores idle');
  });

  test('not for one beat, nor for a burst in a quiet time', () => {
    const workers = fleet();
    workers.run(20, CALM);
    workers.run(1, PRESSED);
    workers.run(5, CALM);
    expect(workers.run(2, PRESSED)).toMatchObject({ action: 'hold', cause: 'burst' });
    expect(workers.target).toBe(1);
  });

  test('in a quiet time too when the queue is very long', () => {
    const workers = fleet();
    workers.run(20, CALM);
    expect(workers.run(2, { elu: 1, queueDelayMs: 120 })).toMatchObject({ action: 'up', cause: 'queue_delay' });
  });

  test('at the first beat when the load has doubled beyond chance', () => {
    const workers = fleet();
    workers.run(100, CALM, { arrived: 5, completed: 5 });
    expect(workers.run(1, { ...PRESSED, queued: 30 }, { arrived: 20, completed: 20 }).reason).toMatch(
      /^scale up 1 -> 2: queue delay 45 ms in 1 beat, .*, panic$/,
    );
  });

  test('for a lag over 40 ms, but not for a lone stall in an idle second', () => {
    const busy = fleet();
    expect(busy.run(20, { elu: 0.6, lagP99Ms: 60 })).toMatchObject({ target: 2 });
    expect(busy.decisions.find(({ action }) => action === 'up')).toMatchObject({ cause: 'lag' });
    const idle = fleet();
    idle.run(20, { elu: 0.4, lagP99Ms: 60 });
    expect(actions(idle.decisions)).toEqual([]);
  });

  test('for a utilisation over 0.8 over a second, not for one busy beat', () => {
    const workers = fleet();
    workers.run(20, { elu: 0.5 });
    expect(workers.run(1, { elu: 1 }).action).toBe('hold');
    const decisions = fleet();
    decisions.run(40, { elu: 0.9 });
    expect(decisions.decisions.find(({ action }) => action === 'up')).toMatchObject({ cause: 'elu', target: 2 });
  });

  test('when the only worker is blocked', () => {
    const workers = fleet({ blocked: new Set(['worker-1']) });
    expect(workers.run(1, CALM)).toMatchObject({ action: 'up', cause: 'blocked' });
  });

  test('counts a beat once, however often it is asked', () => {
    let state = scalerAtStart(0);
    const warm = serving('worker-1', 100, { elu: 0.9, queueDelayMs: 45 });
    for (let now = 100; now < 200; now += 25) {
      const outcome = decide(
        {
          workers: [warm],
          blocked: new Set(),
          host: host(),
          target: 1,
          min: 1,
          max: 2,
          cores: 2,
          operation: undefined,
        },
        state,
        now,
        { ...SCALER_DEFAULTS, eluUp: 1 },
      );
      state = outcome.state;
      expect(outcome.decision.action).toBe('hold');
    }
  });
});

test('half an idle core is half a worker’s gain: a step is tried, and what it brings is measured', () => {
  const workers = fleet();
  workers.run(20, { elu: 0.9 }, {}, { idleCores: 0.3 });
  expect(workers.run(2, PRESSED, {}, { idleCores: 0.3 })).toMatchObject({ target: 2 });
  expect(actions(workers.decisions)).toEqual(['up']);
});

describe('a veto names its cause', () => {
  const pressed = (
    changes: Partial<ScalerInput>,
    values: Partial<Beat> = PRESSED,
    perBeat = {},
    machine: Partial<HostSample> = {},
  ): Decision => fleet(changes).run(40, values, perBeat, machine);

  test.each<[string, Partial<ScalerInput>, Partial<Beat>, object, Partial<HostSample>, RegExp]>([
    ['max', { max: 1 }, PRESSED, {}, {}, /1 is the most workers allowed/],
    ['cpu', { cores: 1 }, PRESSED, {}, {}, /1 workers for 1 usable cores/],
    ['cpu', { cores: 0.5 }, PRESSED, {}, {}, /1 workers for 0\.5 usable cores/],
    ['cpu', {}, PRESSED, {}, { idleCores: 0.1 }, /no idle core \(0\.1\)/],
    ['cpu', {}, PRESSED, {}, { idleCores: 0.1, stealShare: 0.3 }, /30 % of the time is stolen/],
    ['cpu', {}, PRESSED, {}, { throttledShare: 0.5 }, /quota is used up: throttled in 50 %/],
    [
      'memory',
      {},
      PRESSED,
      {},
      { memoryLimitBytes: 2 ** 29, memoryAvailableBytes: 2 ** 27 },
      /384 MiB of 512 MiB used/,
    ],
    ['lock', {}, PRESSED, { sqliteWaitMs: 40 }, {}, /wait for database locks 40 % of the time/],
    ['upstream', {}, { elu: 0.15, queueDelayMs: 90 }, {}, {}, /the event loops are used only 15 %/],
  ])('%s', (cause, changes, values, perBeat, machine, words) => {
    const decision = pressed(changes, values, perBeat, machine);
    expect(decision).toMatchObject({ action: 'hold', target: 1, cause, vetoed: true });
    expect(decision.reason).toMatch(words);
  });

  test('memory: a warm spare, too, grows when it serves', () => {
    const room = {
      workers: [serving('worker-1', 0), { ...serving('worker-2', 0), state: 'spare' as const }],
      fleet: { workers: [] as FleetSignals['workers'] } as FleetSignals,
      target: 1,
      max: 4,
      cores: 4,
    };
    const machine = (memoryAvailableBytes: number) => host({ memoryLimitBytes: 1_000, memoryAvailableBytes });
    expect(roomFor({ ...room, host: machine(149) }, 1, SCALER_DEFAULTS).veto?.cause).toBe('memory');
    expect(roomFor({ ...room, host: machine(151) }, 1, SCALER_DEFAULTS)).toMatchObject({ step: 1, veto: undefined });
  });

  test('and a queue for the thread pool is not taken for an upstream', () => {
    const workers = fleet();
    workers.run(20, { elu: 0.15, queueDelayMs: 90, poolQueued: 12 });
    expect(workers.decisions.find(({ action }) => action === 'up')).toBeDefined();
  });
});

describe('one operation at a time', () => {
  test('nothing is decided while a worker is on its way or the fleet reloads', () => {
    const reloading = fleet({ operation: 'the fleet reloads' });
    expect(reloading.run(40, PRESSED)).toMatchObject({
      action: 'hold',
      cause: 'operation',
      reason: 'hold at 1: the fleet reloads',
    });

    const input = {
      blocked: new Set<string>(),
      host: host(),
      min: 1,
      max: 4,
      cores: 4,
      operation: undefined,
      target: 2,
    };
    const pressed = serving('worker-1', 100, { elu: 1, queueDelayMs: 200 });
    expect(decide({ ...input, workers: [pressed] }, scalerAtStart(0), 100).decision.reason).toBe(
      'hold at 2: 1 of 2 workers serve',
    );
    const leaving = { ...serving('worker-3', 100), state: 'draining' as const, drainingAt: 50 };
    const both = [pressed, { ...pressed, name: 'worker-2' }, leaving];
    expect(decide({ ...input, workers: both }, scalerAtStart(0), 100).decision.reason).toBe(
      'hold at 2: worker-3 is leaving',
    );
  });
});

describe('a step on trial', () => {
  test('is undone when the fleet stays pressed and serves no more, and is not tried again at once', () => {
    const workers = fleet();
    workers.run(100, { elu: 0.75 }, { arrived: 20, completed: 20 });
    workers.run(10, PRESSED, { arrived: 20, completed: 20 });
    expect(workers.target).toBe(2);
    workers.run(60, PRESSED, { arrived: 10, completed: 10 });
    expect(workers.decisions.filter(({ action }) => action !== 'hold')).toMatchObject([
      { action: 'up', target: 2 },
      {
        action: 'undo',
        target: 1,
        cause: 'no_throughput',
        reason: expect.stringMatching(
          /^undo 2 -> 1: 200 requests\/s served with 2 workers, \d+ with 1; not tried again for 60 s$/,
        ),
      },
    ]);
    expect(workers.run(300, PRESSED, { arrived: 20, completed: 20 })).toMatchObject({
      action: 'hold',
      cause: 'useless',
      vetoed: true,
      target: 1,
    });
  });

  test('is kept when it brought throughput, or when the pressure is gone', () => {
    const more = fleet({ max: 2 });
    more.run(50, PRESSED, { arrived: 20, completed: 20 });
    more.run(100, PRESSED, { arrived: 20, completed: 20 });
    expect(actions(more.decisions)).toEqual(['up']);
    const relieved = fleet({ max: 2 });
    relieved.run(20, PRESSED, { arrived: 20, completed: 20 });
    relieved.run(100, { elu: 0.65 }, { arrived: 10, completed: 10 });
    expect(actions(relieved.decisions)).toEqual(['up']);
  });
});

describe('down', () => {
  test('after the projection onto one worker less was calm for a minute, never under the minimum', () => {
    const workers = fleet({ target: 3 });
    workers.run(590, CALM);
    expect(actions(workers.decisions)).toEqual([]);
    workers.run(30, CALM);
    expect(workers.decisions.filter(({ action }) => action === 'down')).toMatchObject([
      { target: 2, cause: 'calm', reason: 'scale down 3 -> 2: with 2 the utilisation would be 0.30, calm for 60 s' },
    ]);
    workers.run(1_800, CALM);
    expect(workers.target).toBe(1);
  });

  test('not while one worker less would be busy', () => {
    const workers = fleet({ target: 2 });
    workers.run(2_000, { elu: 0.4 });
    expect(actions(workers.decisions)).toEqual([]);
  });

  test('a bad moment begins the minute anew', () => {
    const workers = fleet({ target: 2, max: 2 });
    workers.run(500, CALM);
    workers.run(3, PRESSED);
    workers.run(500, CALM);
    expect(actions(workers.decisions)).toEqual([]);
  });

  test('to the maximum, and up to the minimum, at once when a reload changed them', () => {
    expect(fleet({ target: 4, max: 2 }).run(1, CALM)).toMatchObject({ action: 'down', target: 2, cause: 'max' });
    expect(fleet({ target: 1, min: 3 }).run(1, CALM)).toMatchObject({ action: 'up', target: 3, cause: 'min' });
  });
});

describe('the flap multiplier', () => {
  test('doubles with each step up soon after a step down, up to 16, and halves in half an hour', () => {
    let flap = noFlaps(0);
    for (let round = 1; round <= 8; round++)
      flap = steppedUp(steppedDown(flap, round * 1_000), round * 1_000 + 500, SCALER_DEFAULTS);
    expect(flapMultiplier(flap, 8_500, SCALER_DEFAULTS)).toBe(16);
    expect(flapMultiplier(flap, 8_500 + 1_800_000, SCALER_DEFAULTS)).toBeCloseTo(8.5);
    expect(steppedUp(steppedDown(noFlaps(0), 0), 400_000, SCALER_DEFAULTS).multiplier).toBe(1);
  });
});

test('a scaler that is only observed says one thing once, and never undoes what was not done', () => {
  let state = scalerAtStart(0);
  let { journal, news } = writeJournal(
    [],
    decide(
      { workers: [], blocked: new Set(), host: host(), target: 0, min: 0, max: 2, cores: 2, operation: undefined },
      state,
      0,
    ).decision,
    0,
  );
  let told = 0;
  for (let now = 100; now <= 20_000; now += 100) {
    const workers = [serving('worker-1', now, { ...PRESSED, completed: now / 5 })];
    const outcome = decide(
      { workers, blocked: new Set(), host: host(), target: 1, min: 1, max: 2, cores: 2, operation: undefined },
      state,
      now,
    );
    state = notCarriedOut(state, outcome.state);
    ({ journal, news } = writeJournal(journal, outcome.decision, now));
    if (news) told += 1;
  }
  expect(told).toBe(1);
  expect(journal).toMatchObject([{ action: 'up', target: 2 }]);
  expect(journal[0]?.times).toBeGreaterThan(100);
});

describe('a panic', () => {
  test('begins when the load doubles beyond chance, lasts 6 s more, and doubles the steps', () => {
    let panic = nextPanic(NO_PANIC, 200, 60, 0, SCALER_DEFAULTS);
    const sizes = [0, 1, 2, 3].map((steps) => stepSize({ ...panic, steps }, 1_000, SCALER_DEFAULTS));
    expect(sizes).toEqual([1, 2, 4, 4]);
    panic = nextPanic({ ...panic, steps: 3 }, 60, 60, 6_500, SCALER_DEFAULTS);
    expect(panic.steps).toBe(0);
    expect(stepSize(panic, 6_500, SCALER_DEFAULTS)).toBe(1);
  });

  test('is not what chance does to a small load', () => {
    expect(nextPanic(NO_PANIC, 25, 10, 0, SCALER_DEFAULTS).until).toBeLessThan(0);
    expect(nextPanic(NO_PANIC, 9, 0, 0, SCALER_DEFAULTS).until).toBeLessThan(0);
  });
});

describe('spares', () => {
  const input = { workers: [serving('worker-1', 0)], host: host(), target: 1, max: 2, spare: 1 };
  test('are kept where a core and memory are free to make them', () => {
    expect(sparesWanted(input, SCALER_DEFAULTS)).toBe(1);
    expect(sparesWanted({ ...input, spare: 0 }, SCALER_DEFAULTS)).toBe(0);
    // At the maximum one only takes the place of a worker that dies: it can wait for a calm moment.
    const busy = [serving('worker-1', 0, { elu: 0.7 })];
    expect(sparesWanted({ ...input, workers: busy }, SCALER_DEFAULTS)).toBe(1);
    expect(sparesWanted({ ...input, workers: busy, target: 2 }, SCALER_DEFAULTS)).toBe(0);
    expect(sparesWanted({ ...input, target: 2 }, SCALER_DEFAULTS)).toBe(1);
    expect(sparesWanted({ ...input, host: host({ idleCores: 0.1 }) }, SCALER_DEFAULTS)).toBe(0);
    expect(sparesWanted({ ...input, host: host({ memoryAvailableBytes: 0 }) }, SCALER_DEFAULTS)).toBe(0);
    const there = { ...serving('worker-2', 0), state: 'spare' as const };
    expect(
      sparesWanted({ ...input, workers: [...input.workers, there], host: host({ idleCores: 0.1 }) }, SCALER_DEFAULTS),
    ).toBe(1);
  });
});

describe('the journal', () => {
  const veto: Decision = { action: 'hold', target: 2, cause: 'max', reason: 'hold at 2', vetoed: true };
  test('keeps the last 200 decisions, a lasting veto as one, and nothing when nothing calls for a step', () => {
    let { journal, news } = writeJournal([], veto, 0);
    expect(news).toBe(true);
    ({ journal, news } = writeJournal(journal, { ...veto, cause: 'cpu' }, 100));
    ({ journal, news } = writeJournal(journal, veto, 200));
    expect(news).toBe(false);
    expect(journal).toMatchObject([
      { cause: 'max', times: 2, lastAt: 200 },
      { cause: 'cpu', times: 1 },
    ]);
    expect(writeJournal(journal, { ...veto, vetoed: false, cause: 'steady' }, 300).journal).toBe(journal);
    for (let at = 0; at < 300; at++)
      ({ journal } = writeJournal(journal, { ...veto, action: 'up', target: at }, 1_000 + at));
    expect(journal).toHaveLength(200);
    expect(journal.at(-1)?.target).toBe(299);
  });
});
