import { describe, expect, test } from '@jest/globals';
import { Backoff } from '../../../src/engine/primary/backoff.ts';

const middle = (): number => 0.5;

describe('the pause after a crash', () => {
  test('doubles from 250 ms to 30 s when workers die at their start', () => {
    const backoff = new Backoff(middle);
    let now = 0;
    const pauses = Array.from({ length: 9 }, () => {
      backoff.crashed(now);
      const pause = backoff.delayMs(now);
      now += pause + 400;
      return pause;
    });
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test('has 25 % of jitter either way, and runs out', () => {
    for (const [random, pause] of [
      [0, 187.5],
      [1, 312.5],
    ] as const) {
      const backoff = new Backoff(() => random);
      backoff.crashed(1_000);
      expect(backoff.delayMs(1_000)).toBe(pause);
      expect(backoff.delayMs(2_000)).toBe(0);
    }
  });

  test('is forgotten after a worker has served for a minute', () => {
    const backoff = new Backoff(middle);
    for (let now = 0; now < 5_000; now += 1_000) backoff.crashed(now);
    backoff.crashed(100_000, { servedMs: 61_000, killed: false });
    expect(backoff.delayMs(100_000)).toBe(0);
    backoff.crashed(101_000);
    expect(backoff.delayMs(101_000)).toBe(500);
    for (let now = 102_000; now < 105_000; now += 1_000) backoff.crashed(now);
    backoff.served(60_000);
    expect(backoff.looping).toBe(false);
  });

  test('is not forgotten only because time went by', () => {
    const backoff = new Backoff(middle);
    for (const now of [0, 70_000, 140_000]) backoff.crashed(now);
    expect(backoff.delayMs(140_000)).toBe(1_000);
  });

  test('stays short for workers that are killed every few seconds while they serve well', () => {
    const backoff = new Backoff(middle);
    for (let now = 0; now < 60_000; now += 3_000) {
      backoff.crashed(now, { servedMs: 4_800, killed: false });
      expect(backoff.delayMs(now)).toBe(now === 0 ? 0 : 150);
    }
  });

  test('counts a worker that its first visitors kill as died at its start', () => {
    const backoff = new Backoff(middle);
    for (let crash = 0; crash < 5; crash++) backoff.crashed(0, { servedMs: 300, killed: false });
    expect(backoff.delayMs(0)).toBe(4_000);
    expect(backoff.looping).toBe(true);
  });

  test('is at most 5 s while nobody serves, jitter included', () => {
    const backoff = new Backoff(() => 1);
    for (let crash = 0; crash < 12; crash++) backoff.crashed(0);
    expect(backoff.delayMs(0)).toBe(37_500);
    expect(backoff.delayMs(0, true)).toBe(5_000);
  });

  test('is at most 2 s after a kill from outside, however many there were', () => {
    const backoff = new Backoff(() => 1);
    for (let now = 0; now <= 15_000; now += 500) backoff.crashed(now, { servedMs: 0, killed: true });
    expect(backoff.delayMs(15_000)).toBe(2_000);
    // Nor does a longer pause from before hold: what it was for is over.
    const other = new Backoff(() => 1);
    for (let crash = 0; crash < 12; crash++) other.crashed(0);
    other.crashed(100, { servedMs: 0, killed: true });
    expect(other.delayMs(100)).toBe(2_000);
  });

  test('is not cut short by a worker that served well', () => {
    const backoff = new Backoff(middle);
    for (let crash = 0; crash < 6; crash++) backoff.crashed(0);
    backoff.crashed(1_000, { servedMs: 3_200, killed: false });
    expect(backoff.delayMs(1_000)).toBe(7_000);
  });
});
