import { describe, expect, test } from '@jest/globals';
import { AdaptiveLimit } from '../../../src/engine/admission/adaptive-limit.ts';
import { type SimulatedSecond, seeded, simulate } from './simulated-server.ts';

const steady = (ms: number) => (): number => ms;
const exponential = (meanMs: number, random: () => number) => (): number => -Math.log(1 - random()) * meanMs;

const mean = (seconds: SimulatedSecond[], of: 'limit' | 'done'): number =>
  seconds.reduce((sum, second) => sum + second[of], 0) / seconds.length;

describe('the limit of work in flight', () => {
  for (const parallel of [1, 2, 4, 10, 50]) {
    for (const initial of [1, 16]) {
      test(`settles near ${parallel} where ${parallel} are worked on at once, from ${initial}`, () => {
        const seconds = simulate(new AdaptiveLimit({ initial, min: 1, max: 256 }), 60, () => ({
          parallel,
          serviceMs: steady(20),
        }));
        const settled = seconds.slice(20);
        expect(mean(settled, 'limit')).toBeGreaterThan(parallel);
        expect(mean(settled, 'limit')).toBeLessThan(1.2 * parallel + 2 * Math.sqrt(parallel) + 1);
        expect(mean(settled, 'done')).toBeGreaterThan(0.9 * parallel * 50);
      });
    }
  }

  test('keeps 9 of 10 parts of the throughput, and within a factor of 2.5, where the times of work scatter', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const serviceMs = exponential(10, seeded(seed));
      const seconds = simulate(new AdaptiveLimit({ initial: 16, min: 1, max: 256 }), 90, () => ({
        parallel: 10,
        serviceMs,
      }));
      const settled = seconds.slice(30);
      expect(mean(settled, 'done')).toBeGreaterThan(900);
      expect(mean(settled, 'limit')).toBeLessThan(25);
    }
  });

  test('does not swing: once settled, no second is far from the mean', () => {
    const seconds = simulate(new AdaptiveLimit({ initial: 16, min: 1, max: 256 }), 60, () => ({
      parallel: 10,
      serviceMs: steady(5),
    }));
    const settled = seconds.slice(20);
    const middle = mean(settled, 'limit');
    for (const { limit } of settled) expect(Math.abs(limit - middle)).toBeLessThan(middle / 3);
  });

  test('comes down when it began far too high', () => {
    const seconds = simulate(new AdaptiveLimit({ initial: 256, min: 1, max: 256 }), 60, () => ({
      parallel: 4,
      serviceMs: steady(10),
    }));
    expect(mean(seconds.slice(-10), 'limit')).toBeLessThan(10);
  });

  test('falls when half of the server is lost, and recovers when it comes back', () => {
    const parallelAt = (now: number): number => (now >= 60_000 && now < 120_000 ? 5 : 20);
    const seconds = simulate(new AdaptiveLimit({ initial: 16, min: 1, max: 256 }), 180, (now) => ({
      parallel: parallelAt(now),
      serviceMs: steady(20),
    }));
    const [before, during, after] = [seconds.slice(40, 60), seconds.slice(90, 120), seconds.slice(160)];
    expect(mean(during, 'limit')).toBeLessThan(mean(before, 'limit') / 2);
    expect(mean(after, 'limit')).toBeGreaterThan(mean(before, 'limit') * 0.8);
    expect(mean(after, 'done')).toBeGreaterThan(900);
  });

  test('recovers when the work itself has become dearer: that is no reason to do less of it', () => {
    const seconds = simulate(new AdaptiveLimit({ initial: 16, min: 1, max: 256 }), 120, (now) => ({
      parallel: 10,
      serviceMs: steady(now < 40_000 ? 10 : 40),
    }));
    expect(mean(seconds.slice(-40), 'done')).toBeGreaterThan(0.9 * 250);
    expect(mean(seconds.slice(-40), 'limit')).toBeLessThan(25);
  });

  test('grows to its maximum where more in flight always brings more, and never beyond', () => {
    const limiter = new AdaptiveLimit({ initial: 4, min: 1, max: 40 });
    const seconds = simulate(limiter, 30, () => ({ parallel: 10_000, serviceMs: steady(20) }));
    expect(mean(seconds.slice(-5), 'limit')).toBeGreaterThan(35);
    expect(Math.max(...seconds.map((second) => second.limit))).toBeLessThanOrEqual(40);
  });

  test('learns nothing from a time in which few are in flight', () => {
    const limiter = new AdaptiveLimit({ initial: 50, min: 1, max: 256 });
    simulate(
      limiter,
      60,
      () => ({ parallel: 10_000, serviceMs: steady(20) }),
      () => 5,
    );
    expect(limiter.limit).toBe(50);
  });

  test('is lowered by what is refused or given up, never below the minimum', () => {
    const limiter = new AdaptiveLimit({ initial: 50, min: 1, max: 256 });
    for (let now = 0; now < 100_000; now += 1)
      limiter.observe({ now, latencyMs: 100, inFlight: limiter.limit, dropped: true });
    expect(limiter.limit).toBeLessThan(10);
    expect(limiter.limit).toBeGreaterThanOrEqual(1);
  });

  test('is at least 1, whatever it is given', () => {
    expect(new AdaptiveLimit({ initial: 0, min: 0, max: 0 }).limit).toBe(1);
  });
});
