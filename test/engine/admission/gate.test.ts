import { describe, expect, test } from '@jest/globals';
import { admit, boundMs, type GateQuestion } from '../../../src/engine/admission/gate.ts';

const ask = (more: Partial<GateQuestion>): GateQuestion => ({
  aheadMs: 0,
  needMs: 5,
  remainingMs: 2_000,
  floorMs: 50,
  unitMs: 1,
  loadRatio: 0.5,
  share: 1,
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
  });

  test('always lets one in behind nothing, however dear, and in any surge', () => {
    expect(admit(ask({ needMs: 60_000, share: 0.01, loadRatio: 20 }))).toBeUndefined();
  });

  test('follows the work: the dearer the jobs, the longer the queue that is only chance', () => {
    expect(boundMs(ask({ unitMs: 5 }))).toBe(100);
    expect(boundMs(ask({ unitMs: 60 }))).toBe(1_200);
    expect(boundMs(ask({ unitMs: 1 }))).toBe(50);
  });

  test('is never longer than the time there is, and in a surge half of it', () => {
    expect(boundMs(ask({ unitMs: 300 }))).toBe(2_000);
    expect(boundMs(ask({ unitMs: 300, loadRatio: 10 }))).toBe(1_000);
  });

  test('in a surge lets in only as much as keeps the loop busy', () => {
    expect(boundMs(ask({ unitMs: 50, loadRatio: 1.2 }))).toBe(1_000);
    expect(boundMs(ask({ unitMs: 50, loadRatio: 1.6 }))).toBeCloseTo(600);
    expect(boundMs(ask({ unitMs: 50, loadRatio: 2 }))).toBe(200);
    expect(boundMs(ask({ unitMs: 50, loadRatio: 20 }))).toBe(200);
  });

  test('a slow start narrows it in a surge, and refuses nobody in quiet times', () => {
    expect(boundMs(ask({ share: 0.25, loadRatio: 0.9 }))).toBe(50);
    expect(boundMs(ask({ share: 0.25, loadRatio: 2 }))).toBe(12.5);
  });
});
