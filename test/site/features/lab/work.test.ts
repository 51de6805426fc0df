import { describe, expect, test } from '@jest/globals';
import { calibrate } from '../../../../src/site/features/lab/burn.ts';
import { labPage } from '../../../../src/site/features/lab/page.ts';
import { exponential, seededRandom } from '../../../../src/site/features/lab/random.ts';
import { createRenderCounter } from '../../../../src/site/features/lab/renders.ts';
import { labBurn } from '../../../../src/site/features/lab/task.ts';
import { createWork } from '../../../../src/site/features/lab/work.ts';

describe('calibration', () => {
  test('believes the fastest round: others only slow a round down', () => {
    const tookMs = [9, 4, 2, 7];
    let time = 0;
    let reading = 0;
    const clock = (): number => {
      if (reading % 2 === 1) time += tookMs[(reading - 1) / 2]!;
      reading += 1;
      return time;
    };
    expect(calibrate(4, clock)).toBe(200_000);
  });

  test('is not done when the rate is given, and a wrong rate is not believed', () => {
    expect(createWork('1234').iterationsPerMs).toBe(1234);
    expect(createWork('none').iterationsPerMs).toBeGreaterThan(0);
    expect(createWork(undefined).iterationsPerMs).not.toBe(1234);
  });
});

test('exponential draws have their mean, and the same seed draws the same', () => {
  const draws = (seed: number): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 20_000 }, () => exponential(random, 5));
  };
  const sum = draws(1).reduce((total, value) => total + value, 0);
  expect(sum / 20_000).toBeGreaterThan(4.8);
  expect(sum / 20_000).toBeLessThan(5.2);
  expect(draws(1).slice(0, 10)).toEqual(draws(1).slice(0, 10));
  expect(draws(2).slice(0, 10)).not.toEqual(draws(1).slice(0, 10));
});

test('a lab page has the bytes asked for', () => {
  expect(Buffer.byteLength(labPage('7', 10_240))).toBe(10_240);
  expect(labPage('7', 0)).toContain('Lab page 7');
});

test('renders are counted page by page, in bounded memory', () => {
  const count = createRenderCounter(2);
  expect([count('1'), count('1'), count('2'), count('3'), count('4'), count('1')]).toEqual([1, 2, 1, 1, 2, 3]);
});

describe('the pool task', () => {
  test('does its work', async () => {
    expect(await labBurn({ iterations: 1_000 }, { signal: new AbortController().signal })).toBe(1_000);
  });

  test('ends when nobody waits any more', async () => {
    const controller = new AbortController();
    const running = labBurn({ iterations: 100_000 }, { signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(running).rejects.toThrow('gone');
  });
});
