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
    backoff.crashed(100_000, 61_000);
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
      backoff.crashed(now, 4_800);
      expect(backoff.delayMs(now)).toBe(now === 0 ? 0 : 150);
    }
  });

  test('counts a worker that its first visitors kill as died at its start', () => {
    const backoff = new Backoff(middle);
    for (let crash = 0; crash < 5; crash++) backoff.crashed(0, 300);
    expect(backoff.delayMs(0)).toBe(4_000);
    expect(backoff.looping).toBe(true);
  });
});
