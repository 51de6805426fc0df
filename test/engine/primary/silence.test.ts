import { describe, expect, test } from '@jest/globals';
import { lifeboatNeeded } from '../../../src/engine/primary/lifeboat-call.ts';
import {
  isBlocked,
  noSilence,
  type Silence,
  type SilenceRules,
  silenceLimitMs,
  silentMs,
  trackSilence,
} from '../../../src/engine/primary/silence.ts';
import type { WorkerView } from '../../../src/engine/primary/view.ts';
import { serving } from './views.ts';

const TICK_MS = 25;
const FLOOR_MS = 400;
const RULES: SilenceRules = { floorMs: FLOOR_MS, runQueueMs: () => undefined };

/** Ticks on time from `from` to `to`, with what `workersAt` shows at each. */
function ticks(from: number, to: number, workersAt: (now: number) => WorkerView[], rules = RULES) {
  let silence: Silence = noSilence(from);
  let wanted = false;
  let wantedAt: number | undefined;
  let leftAt: number | undefined;
  for (let now = from + TICK_MS; now <= to; now += TICK_MS) {
    const workers = workersAt(now);
    silence = trackSilence(workers, silence, now, TICK_MS, rules);
    const next = lifeboatNeeded(workers, silence, FLOOR_MS);
    if (next && !wanted) wantedAt ??= now;
    if (!next && wanted) leftAt ??= now;
    wanted = next;
  }
  return { silence, wanted, wantedAt, leftAt };
}

/** Beats at each full 100 ms, the last at `until`. */
const beating =
  (name: string, until = Number.POSITIVE_INFINITY, workUnitMs = 5) =>
  (now: number) =>
    serving(name, Math.min(Math.floor(now / 100) * 100, until), { workUnitMs });

describe('silence', () => {
  test('grows from the last beat and ends with the next one', () => {
    const quiet = ticks(0, 300, (now) => [beating('worker-1', 100)(now)]);
    expect(silentMs(quiet.silence, 'worker-1')).toBe(200);
    const heard = trackSilence([serving('worker-1', 320)], quiet.silence, 325, TICK_MS, RULES);
    expect(silentMs(heard, 'worker-1')).toBe(5);
  });

  test('is not counted while the primary itself was held up', () => {
    const before = ticks(0, 1_000, (now) => [beating('worker-1')(now)]);
    // Three seconds in which no message was read: the timer is due before the beats that wait.
    const workers = [serving('worker-1', 1_000)];
    const after = trackSilence(workers, before.silence, 4_000, TICK_MS, RULES);
    expect(silentMs(after, 'worker-1')).toBeLessThan(50);
    expect(lifeboatNeeded(workers, after, FLOOR_MS)).toBe(false);
  });

  test('grows all the same on a primary that is late every time, tick by tick', () => {
    let silence = noSilence(0);
    for (let now = 200; now <= 2_000; now += 200)
      silence = trackSilence([serving('worker-1', 0)], silence, now, TICK_MS, RULES);
    expect(silentMs(silence, 'worker-1')).toBeGreaterThan(250);
    expect(silentMs(silence, 'worker-1')).toBeLessThan(500);
  });

  test('of a worker that was just promoted begins with its service', () => {
    const worker = {
      ...serving('worker-1', 0),
      lastSignAt: undefined,
      beat: undefined,
      startedAt: 0,
      servingAt: 5_000,
    };
    const silence = trackSilence([worker], noSilence(4_990), 5_010, TICK_MS, RULES);
    expect(silentMs(silence, 'worker-1')).toBe(10);
  });

  test('forgets workers that are gone', () => {
    const one = trackSilence([serving('worker-1', 0)], noSilence(0), 25, TICK_MS, RULES);
    expect(trackSilence([], one, 50, TICK_MS, RULES).byName.size).toBe(0);
  });
});

describe('the lifeboat', () => {
  test('is wanted when the last worker has been silent for 400 ms, where its work takes little', () => {
    const { wantedAt } = ticks(0, 3_000, (now) => [beating('worker-1', 500)(now), beating('worker-2', 1_000)(now)]);
    expect(wantedAt).toBeGreaterThan(1_400);
    expect(wantedAt).toBeLessThanOrEqual(1_450);
  });

  test('is as patient as the work is long, up to what a visitor bears', () => {
    expect([5, 60, 300].map((unitMs) => silenceLimitMs(unitMs, FLOOR_MS))).toEqual([400, 720, 1_500]);
    const wantedAt = (unitMs: number): number | undefined =>
      ticks(0, 5_000, (now) => [beating('worker-1', 1_000, unitMs)(now)]).wantedAt;
    expect(wantedAt(60)).toBeGreaterThan(1_720);
    expect(wantedAt(60)).toBeLessThanOrEqual(1_770);
    expect(wantedAt(300)).toBeLessThanOrEqual(2_550);
    expect(
      ticks(0, 3_000, (now) => [serving('worker-1', now - (now % 600), { workUnitMs: 60 })]).wantedAt,
    ).toBeUndefined();
  });

  test('does not come for a worker whose core another process has, but after 1,500 ms all the same', () => {
    // The kernel says that the worker has waited for a core all the time.
    const start = 1_000;
    let now = 0;
    const rules: SilenceRules = { floorMs: FLOOR_MS, runQueueMs: () => now };
    const { wantedAt } = ticks(
      0,
      4_000,
      (at) => {
        now = at;
        return [beating('worker-1', start)(at)];
      },
      rules,
    );
    expect(wantedAt).toBeGreaterThan(2_450);
    expect(wantedAt).toBeLessThanOrEqual(2_600);
    const starved = ticks(
      0,
      1_800,
      (at) => {
        now = at;
        return [beating('worker-1', start)(at)];
      },
      rules,
    );
    expect(isBlocked(serving('worker-1', start), starved.silence, FLOOR_MS)).toBe(false);
  });

  test('does not count the half of the time in which another process had the core', () => {
    let now = 0;
    const { wantedAt } = ticks(
      0,
      4_000,
      (at) => {
        now = at;
        return [beating('worker-1', 1_000)(at)];
      },
      // The kernel's number begins anywhere.
      { floorMs: FLOOR_MS, runQueueMs: () => 123_456 + now / 2 },
    );
    expect(wantedAt).toBeGreaterThan(1_575);
    expect(wantedAt).toBeLessThanOrEqual(1_750);
  });

  test('comes no sooner than TAHAN_SILENT_MS, however long that is', () => {
    const floorMs = 3_000;
    const silentFor = (ms: number) =>
      isBlocked(serving('worker-1', 0), { tickAt: 0, byName: new Map([['worker-1', { heardAt: 0, ms }]]) }, floorMs);
    expect([silentFor(2_999), silentFor(3_001)]).toEqual([false, true]);
  });

  test('asks the kernel from half of the limit on', () => {
    const looks: number[] = [];
    let now = 0;
    const runQueueMs = (): number => looks.push(now);
    ticks(
      0,
      1_400,
      (at) => {
        now = at;
        return [beating('worker-1', 1_000)(at)];
      },
      { floorMs: FLOOR_MS, runQueueMs },
    );
    expect(looks[0]).toBe(1_225);
  });

  test('asks the kernel only in long silences', () => {
    let asked = 0;
    const rules: SilenceRules = {
      floorMs: FLOOR_MS,
      runQueueMs: () => {
        asked += 1;
        return 0;
      },
    };
    ticks(0, 3_000, (now) => [beating('worker-1')(now)], rules);
    expect(asked).toBe(0);
  });

  test('is wanted at once when the last worker dies', () => {
    const { wantedAt } = ticks(0, 1_000, (now) => (now < 500 ? [beating('worker-1')(now)] : []));
    expect(wantedAt).toBe(500);
  });

  test('is not wanted while one of two workers answers', () => {
    expect(
      ticks(0, 2_000, (now) => [beating('worker-1', 300)(now), beating('worker-2')(now)]).wantedAt,
    ).toBeUndefined();
  });

  test('does not count spares and draining workers as answering', () => {
    const idle = (now: number): WorkerView[] => [
      { ...beating('worker-1')(now), state: 'spare' },
      { ...beating('worker-2')(now), state: 'draining' },
    ];
    expect(ticks(0, 100, idle).wanted).toBe(true);
  });

  test('leaves at the first sign of life of a worker', () => {
    const back = (now: number): WorkerView[] => (now < 1_000 ? [serving('worker-1', 0)] : [beating('worker-1')(now)]);
    expect(ticks(0, 3_000, back).leftAt).toBe(1_000);
  });
});
