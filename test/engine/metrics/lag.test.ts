import { describe, expect, test } from '@jest/globals';
import { LagWindow, sampleLag } from '../../../src/engine/metrics/lag.ts';

const EVERY_MS = 20;

/** A window in which the loop turned as told: free for so long, or stalled for so long. */
function lived(...times: ({ free: number } | { stalled: number })[]): { window: LagWindow; now: number } {
  const window = new LagWindow(0);
  let now = 0;
  for (const time of times) {
    if ('free' in time) {
      for (const end = now + time.free; now + EVERY_MS <= end; ) {
        now += EVERY_MS;
        window.sample(now);
      }
    } else {
      now += time.stalled;
      window.sample(now);
    }
  }
  return { window, now };
}

describe('the lag of the event loop', () => {
  test('is nothing on a free loop', () => {
    const { window, now } = lived({ free: 3_000 });
    expect(window.quantiles(now)).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0 });
  });

  test('weighs a stall by its time: 600 ms of a second are more than half of it', () => {
    const { window, now } = lived({ free: 2_000 }, { stalled: 600 }, { free: 200 });
    expect(window.quantiles(now)).toEqual({ p50Ms: 580, p99Ms: 580, maxMs: 580 });
  });

  test('shows a short stall in the 99th part and the maximum, not in the middle', () => {
    const { window, now } = lived({ free: 2_000 }, { stalled: 100 }, { free: 200 });
    expect(window.quantiles(now)).toEqual({ p50Ms: 0, p99Ms: 80, maxMs: 80 });
  });

  test('is seen on a loop that is full of turns: each sample late by one', () => {
    const { window, now } = lived(...new Array(50).fill({ stalled: 25 }));
    expect(window.quantiles(now)).toEqual({ p50Ms: 5, p99Ms: 5, maxMs: 5 });
  });

  test('counts a stall that is still under way', () => {
    const { window, now } = lived({ free: 1_000 });
    expect(window.quantiles(now + 700).p50Ms).toBe(680);
  });

  test('forgets what is older than a second, and counts a stall by what of it lies within', () => {
    const { window, now } = lived({ stalled: 2_000 }, { free: 400 });
    expect(window.quantiles(now).p50Ms).toBe(1_980);
    const later = lived({ stalled: 2_000 }, { free: 600 });
    expect(later.window.quantiles(later.now)).toEqual({ p50Ms: 0, p99Ms: 1_980, maxMs: 1_980 });
    const gone = lived({ stalled: 2_000 }, { free: 1_000 });
    expect(gone.window.quantiles(gone.now).maxMs).toBe(0);
  });

  test('is measured on the real loop: a stall is not missed', async () => {
    const lag = sampleLag();
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const end = performance.now() + 300; performance.now() < end; );
    expect(lag.quantiles().maxMs).toBeGreaterThan(200);
    lag.stop();
  });
});
