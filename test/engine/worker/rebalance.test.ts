import { describe, expect, jest, test } from '@jest/globals';
import { startSlowly } from '../../../src/engine/admission/slow-start.ts';
import { Rebalance } from '../../../src/engine/worker/rebalance.ts';

describe('after a step up a worker lets go of connections', () => {
  test('as many as its share, spread over the time', () => {
    let now = 0;
    const rebalance = new Rebalance(() => now);
    rebalance.begin(40, 0.5, 1_000);
    const ended: number[] = [];
    for (; now < 2_000; now += 1) if (rebalance.next()) ended.push(now);
    // The first at once; after half the time, half of them.
    expect(ended[0]).toBeLessThan(60);
    expect(ended.filter((at) => at < 500)).toHaveLength(10);
    expect(ended).toHaveLength(20);
    expect(ended.at(-1)).toBeLessThan(1_000);
  });

  test('none before it is told, none of few, and none after the time', () => {
    let now = 0;
    const rebalance = new Rebalance(() => now);
    expect(rebalance.next()).toBe(false);
    rebalance.begin(1, 0.5, 1_000);
    now = 500;
    expect(rebalance.next()).toBe(false);
    rebalance.begin(10, 1, 1_000);
    now = 1_600;
    expect(rebalance.next()).toBe(false);
    now = 1_000;
    expect(rebalance.next()).toBe(false);
  });
});

test('a promoted worker takes a fifth at first and all after a second', () => {
  jest.useFakeTimers();
  try {
    const shares: number[] = [];
    startSlowly((share) => shares.push(share));
    expect(shares).toEqual([0.2]);
    jest.advanceTimersByTime(500);
    expect(shares.at(-1)).toBeCloseTo(0.6, 1);
    jest.advanceTimersByTime(600);
    expect(shares.at(-1)).toBe(1);
    const told = shares.length;
    jest.advanceTimersByTime(10_000);
    expect(shares).toHaveLength(told);
    expect([...shares].sort((a, b) => a - b)).toEqual(shares);
  } finally {
    jest.useRealTimers();
  }
});
