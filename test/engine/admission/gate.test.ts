import { describe, expect, test } from '@jest/globals';
import { Deadline, withinMs } from '../../../src/engine/admission/deadline.ts';
import { admit, boundMs, type Conditions, type GateQuestion } from '../../../src/engine/admission/gate.ts';

/** One request, with only the loop to wait for. */
const ask = (more: Partial<GateQuestion>): GateQuestion => ({
  aheadMs: 0,
  waitMs: more.aheadMs ?? 0,
  needMs: 5,
  remainingMs: 2_000,
  boundMs: 50,
  ...more,
});

const under = (more: Partial<Conditions>): Conditions => ({
  floorMs: 50,
  unitMs: 1,
  loadRatio: 0.5,
  share: 1,
  remainingMs: 2_000,
  ...more,
});

describe('the gate', () => {
  test('lets in up to its bound of work ahead, and not one ms more', () => {
    expect(admit(ask({ aheadMs: 50 }))).toBeUndefined();
    expect(admit(ask({ aheadMs: 50.1 }))).toBe('queue');
  });

  test('refuses what cannot be done before its deadline', () => {
    expect(admit(ask({ aheadMs: 40, needMs: 10, remainingMs: 50 }))).toBeUndefined();
    expect(admit(ask({ aheadMs: 40, needMs: 10.1, remainingMs: 50 }))).toBe('deadline');
    expect(admit(ask({ waitMs: 1_996 }))).toBe('deadline');
  });

  test('always lets one in behind nothing, however dear, and in any surge', () => {
    expect(admit(ask({ needMs: 60_000, boundMs: 0 }))).toBeUndefined();
  });

  test('follows the work: the dearer the jobs, the longer the queue that is only chance', () => {
    expect(boundMs(under({ unitMs: 5 }))).toBe(60);
    expect(boundMs(under({ unitMs: 40 }))).toBe(480);
    expect(boundMs(under({ unitMs: 1 }))).toBe(50);
  });

  test('is never longer than half of the time there is', () => {
    expect(boundMs(under({ unitMs: 300 }))).toBe(1_000);
    expect(boundMs(under({ unitMs: 300, loadRatio: 10 }))).toBe(1_000);
    expect(boundMs(under({ unitMs: 300, remainingMs: 6_000 }))).toBe(3_000);
  });

  test('in a surge lets in only as much as keeps the loop busy', () => {
    expect(boundMs(under({ unitMs: 50, loadRatio: 1.2 }))).toBe(600);
    expect(boundMs(under({ unitMs: 50, loadRatio: 1.6 }))).toBeCloseTo(400);
    expect(boundMs(under({ unitMs: 50, loadRatio: 2 }))).toBe(200);
    expect(boundMs(under({ unitMs: 50, loadRatio: 20 }))).toBe(200);
  });

  test('a slow start narrows it in a surge, and refuses nobody in quiet times', () => {
    expect(boundMs(under({ share: 0.25, loadRatio: 0.9 }))).toBe(50);
    expect(boundMs(under({ share: 0.25, loadRatio: 2 }))).toBe(12.5);
  });
});

describe('the deadline', () => {
  test('is the one of the policy, and 0 is none', () => {
    expect(withinMs(500, 2_000, 300, () => 0)).toBe(500);
    expect(withinMs(0, 2_000, 300, () => 1)).toBe(Number.POSITIVE_INFINITY);
  });

  test('of a request moves on with the work in hand, and never back', () => {
    const deadline = new Deadline(1_000);
    expect(deadline.at(2_000)).toBe(3_000);
    expect(deadline.at(6_000)).toBe(7_000);
    expect(deadline.at(2_000)).toBe(7_000);
  });

  test('else that of the settings, longer in calm where the work in hand is dear, four times at most', () => {
    expect(withinMs(undefined, 2_000, 10, () => 0)).toBe(2_000);
    expect(withinMs(undefined, 2_000, 300, () => 0)).toBe(6_000);
    expect(withinMs(undefined, 2_000, 5_000, () => 0)).toBe(8_000);
    expect(withinMs(undefined, 2_000, 300, () => 0.5)).toBe(4_000);
    expect(withinMs(undefined, 2_000, 300, () => 1)).toBe(2_000);
  });
});
