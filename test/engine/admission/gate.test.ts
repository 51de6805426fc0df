import { describe, expect, test } from '@jest/globals';
import { BurstBudget } from '../../../src/engine/admission/burst.ts';
import { admit, type GateQuestion, overBound } from '../../../src/engine/admission/gate.ts';
import { PRIORITIES } from '../../../src/engine/site.ts';

const bounds = { boundMs: { critical: 200, normal: 100, low: 50, background: 20 } };
const ask = (more: Partial<GateQuestion>): GateQuestion => ({
  priority: 'normal',
  aheadMs: 0,
  costMs: 5,
  remainingMs: 2_000,
  share: 1,
  ...more,
});

describe('the gate', () => {
  test.each(PRIORITIES)('lets %s in up to its bound of queued work, and not one ms more', (priority) => {
    const boundMs = bounds.boundMs[priority];
    expect(admit(bounds, ask({ priority, aheadMs: boundMs }))).toBeUndefined();
    expect(admit(bounds, ask({ priority, aheadMs: boundMs + 0.1 }))).toBe('queue');
  });

  test('refuses what cannot be done before its deadline', () => {
    expect(admit(bounds, ask({ aheadMs: 40, costMs: 10, remainingMs: 50 }))).toBeUndefined();
    expect(admit(bounds, ask({ aheadMs: 40, costMs: 10.1, remainingMs: 50 }))).toBe('deadline');
  });

  test('always lets one into an empty queue, however dear', () => {
    for (const priority of PRIORITIES)
      expect(admit(bounds, ask({ priority, costMs: 60_000, share: 0.01 }))).toBeUndefined();
  });

  test('has narrower bounds while a worker starts slowly', () => {
    expect(admit(bounds, ask({ aheadMs: 30, share: 0.25 }))).toBe('queue');
    expect(admit(bounds, ask({ aheadMs: 25, share: 0.25 }))).toBeUndefined();
  });

  test('lets in over the bound what the burst budget pays, up to twice the bound, and no background work', () => {
    expect(admit(bounds, ask({ aheadMs: 105, burstMs: 5 }))).toBeUndefined();
    expect(admit(bounds, ask({ aheadMs: 105.1, burstMs: 5 }))).toBe('queue');
    expect(admit(bounds, ask({ aheadMs: 101, burstMs: 4.9 }))).toBe('queue');
    expect(admit(bounds, ask({ aheadMs: 200, burstMs: 300 }))).toBeUndefined();
    expect(admit(bounds, ask({ aheadMs: 200.1, burstMs: 300 }))).toBe('queue');
    expect(admit(bounds, ask({ priority: 'background', aheadMs: 30, burstMs: 100 }))).toBe('queue');
    expect(overBound(bounds, ask({ aheadMs: 150, burstMs: 100 }))).toBe('burst');
  });
});

test('the burst budget is saved up in quiet times, at 5 % of the time, and no queue gets more than 150 ms of it', () => {
  const budget = new BurstBudget();
  expect(budget.availableMs(0)).toBe(150);
  budget.take(150);
  expect(budget.availableMs(0)).toBe(0);
  // The queue stands: what is left of the 300 ms is for others.
  expect(budget.availableMs(1_000)).toBe(0);
  budget.rest();
  expect(budget.availableMs(1_000)).toBe(150);
  budget.take(150);
  budget.rest();
  expect(budget.availableMs(1_000)).toBeCloseTo(50);
  // A clock that goes back takes nothing away.
  expect(budget.availableMs(500)).toBeCloseTo(50);
  expect(budget.availableMs(1_000_000)).toBe(150);
});
