import { describe, expect, test } from '@jest/globals';
import { CoDel } from '../../../src/engine/admission/codel.ts';

/** Takes a job every `everyMs` from a queue in which each has waited `sojournMs`; gives the times of the drops. */
function drops(
  codel: CoDel,
  {
    from = 0,
    forMs,
    everyMs,
    sojournMs,
    targetMs = 20,
  }: { from?: number; forMs: number; everyMs: number; sojournMs: number; targetMs?: number },
): number[] {
  const times: number[] = [];
  for (let now = from; now < from + forMs; now += everyMs)
    if (codel.shouldDrop(sojournMs, targetMs, now)) times.push(now);
  return times;
}

describe('CoDel at dequeue', () => {
  test('drops nothing while jobs wait less than the target', () => {
    expect(drops(new CoDel(), { forMs: 5_000, everyMs: 5, sojournMs: 19 })).toEqual([]);
  });

  test('lets a burst pass that is gone within an interval', () => {
    const codel = new CoDel();
    expect(drops(codel, { forMs: 100, everyMs: 5, sojournMs: 50 })).toEqual([]);
    expect(drops(codel, { from: 100, forMs: 5, everyMs: 5, sojournMs: 1 })).toEqual([]);
    expect(drops(codel, { from: 105, forMs: 100, everyMs: 5, sojournMs: 50 })).toEqual([]);
  });

  test('drops from a standing queue one interval after it began, then ever faster: interval by the root of the count', () => {
    const times = drops(new CoDel(), { forMs: 1_000, everyMs: 1, sojournMs: 50 });
    const expected = [100];
    for (let count = 1; expected.length < times.length; count++)
      expected.push(expected.at(-1)! + 100 / Math.sqrt(count));
    expect(times.length).toBeGreaterThan(10);
    for (const [index, time] of times.entries()) expect(Math.abs(time - expected[index]!)).toBeLessThanOrEqual(1);
  });

  test('stops at the first job that waited less', () => {
    const codel = new CoDel();
    drops(codel, { forMs: 500, everyMs: 1, sojournMs: 50 });
    expect(codel.shouldDrop(5, 20, 500)).toBe(false);
    expect(drops(codel, { from: 501, forMs: 99, everyMs: 1, sojournMs: 50 })).toEqual([]);
  });

  test('takes up its rate again when the queue stands again soon', () => {
    const codel = new CoDel();
    const before = drops(codel, { forMs: 2_000, everyMs: 1, sojournMs: 50 }).length;
    expect(codel.shouldDrop(5, 20, 2_000)).toBe(false);
    const again = drops(codel, { from: 2_001, forMs: 300, everyMs: 1, sojournMs: 50 });
    const fresh = drops(new CoDel(), { forMs: 300, everyMs: 1, sojournMs: 50 });
    expect(before).toBeGreaterThan(20);
    expect(again.length).toBeGreaterThan(fresh.length * 2);
  });

  test('gives the time of the target, and never looks at a window shorter than it', () => {
    expect(drops(new CoDel(), { forMs: 5_000, everyMs: 50, sojournMs: 399, targetMs: 400 })).toEqual([]);
    expect(drops(new CoDel(), { forMs: 5_000, everyMs: 50, sojournMs: 401, targetMs: 400 })[0]).toBe(400);
  });

  test('forgets a burst when the queue was empty since', () => {
    const codel = new CoDel();
    drops(codel, { forMs: 80, everyMs: 5, sojournMs: 50 });
    expect(codel.shouldDrop(30, 1, 10_000)).toBe(false);
    expect(codel.shouldDrop(30, 1, 10_001)).toBe(false);
  });
});
