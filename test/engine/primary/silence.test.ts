import { describe, expect, test } from '@jest/globals';
import { LIFEBOAT_ASHORE, lifeboatNeed } from '../../../src/engine/primary/lifeboat-call.ts';
import { noSilence, type Silence, silentMs, trackSilence } from '../../../src/engine/primary/silence.ts';
import type { WorkerView } from '../../../src/engine/primary/view.ts';
import { serving } from './views.ts';

const TICK_MS = 25;

/** Ticks on time from `from` to `to`, with what `workersAt` shows at each. */
function ticks(
  from: number,
  to: number,
  workersAt: (now: number) => WorkerView[],
  start = noSilence(from),
  need = LIFEBOAT_ASHORE,
) {
  let silence: Silence = start;
  let state = need;
  let wantedAt: number | undefined;
  let leftAt: number | undefined;
  for (let now = from + TICK_MS; now <= to; now += TICK_MS) {
    const workers = workersAt(now);
    silence = trackSilence(workers, silence, now, TICK_MS);
    const next = lifeboatNeed(workers, silence, state, now);
    if (next.wanted && !state.wanted) wantedAt ??= now;
    if (!next.wanted && state.wanted) leftAt ??= now;
    state = next;
  }
  return { silence, state, wantedAt, leftAt };
}

/** Beats at each full 100 ms, the last at `until`. */
const beating =
  (name: string, until = Number.POSITIVE_INFINITY) =>
  (now: number) =>
    serving(name, Math.min(Math.floor(now / 100) * 100, until));

describe('silence', () => {
  test('grows from the last beat and ends with the next one', () => {
    const quiet = ticks(0, 300, (now) => [beating('worker-1', 100)(now)]);
    expect(silentMs(quiet.silence, 'worker-1')).toBe(200);
    const heard = trackSilence([serving('worker-1', 320)], quiet.silence, 325, TICK_MS);
    expect(silentMs(heard, 'worker-1')).toBe(5);
  });

  test('is not counted while the primary itself was held up', () => {
    const before = ticks(0, 1_000, (now) => [beating('worker-1')(now)]);
    // Three seconds in which no message was read: the timer is due before the beats that wait.
    const workers = [serving('worker-1', 1_000)];
    const after = trackSilence(workers, before.silence, 4_000, TICK_MS);
    expect(silentMs(after, 'worker-1')).toBeLessThan(50);
    expect(lifeboatNeed(workers, after, LIFEBOAT_ASHORE, 4_000).wanted).toBe(false);
  });

  test('grows all the same on a primary that is late every time, tick by tick', () => {
    let silence = noSilence(0);
    for (let now = 200; now <= 2_000; now += 200)
      silence = trackSilence([serving('worker-1', 0)], silence, now, TICK_MS);
    expect(silentMs(silence, 'worker-1')).toBeGreaterThan(250);
    expect(silentMs(silence, 'worker-1')).toBeLessThan(500);
  });

  test('of a worker that was just promoted begins with its service', () => {
    const worker = {
      ...serving('worker-1', 0),
      lastBeatAt: undefined,
      beat: undefined,
      startedAt: 0,
      servingAt: 5_000,
    };
    const silence = trackSilence([worker], noSilence(4_990), 5_010, TICK_MS);
    expect(silentMs(silence, 'worker-1')).toBe(10);
  });

  test('forgets workers that are gone', () => {
    const one = trackSilence([serving('worker-1', 0)], noSilence(0), 25, TICK_MS);
    expect(trackSilence([], one, 50, TICK_MS).byName.size).toBe(0);
  });
});

describe('the lifeboat', () => {
  test('is wanted within 150 ms and a tick of the last beat of the last worker', () => {
    const { wantedAt } = ticks(0, 2_000, (now) => [beating('worker-1', 500)(now), beating('worker-2', 1_000)(now)]);
    expect(wantedAt).toBeGreaterThan(1_100);
    expect(wantedAt).toBeLessThanOrEqual(1_175);
  });

  test('is wanted at once when the last worker dies', () => {
    const { wantedAt } = ticks(0, 1_000, (now) => (now < 500 ? [beating('worker-1')(now)] : []));
    expect(wantedAt).toBe(500);
  });

  test('is not wanted while one of two workers answers, nor for signs of life that are 65 ms late', () => {
    expect(
      ticks(0, 2_000, (now) => [beating('worker-1', 300)(now), beating('worker-2')(now)]).wantedAt,
    ).toBeUndefined();
    const late = (now: number): WorkerView => serving('worker-1', Math.floor(now / 90) * 90);
    expect(ticks(0, 2_000, (now) => [late(now)]).wantedAt).toBeUndefined();
  });

  test('does not count spares and draining workers as answering', () => {
    const idle = (now: number): WorkerView[] => [
      { ...beating('worker-1')(now), state: 'spare' },
      { ...beating('worker-2')(now), state: 'draining' },
    ];
    expect(ticks(0, 100, idle).state.wanted).toBe(true);
  });

  test('leaves when a worker has been answering for 500 ms without a break', () => {
    const back = (now: number): WorkerView[] => (now < 1_000 ? [serving('worker-1', 0)] : [beating('worker-1')(now)]);
    const { leftAt } = ticks(0, 3_000, back);
    expect(leftAt).toBe(1_500);
    const broken = (now: number): WorkerView[] =>
      now < 1_000 ? [] : now < 1_300 ? [beating('worker-1')(now)] : now < 1_400 ? [] : [beating('worker-1')(now)];
    expect(ticks(0, 3_000, broken).leftAt).toBe(1_900);
  });
});
