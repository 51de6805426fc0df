import { expect, test } from '@jest/globals';
import { Ewma } from '../../../src/engine/admission/ewma.ts';

test('the mean is unknown before the first sample, then that sample', () => {
  const mean = new Ewma(1_000);
  expect(mean.value).toBeUndefined();
  mean.add(7, 123_456);
  expect(mean.value).toBe(7);
});

test('samples of the same instant weigh the same', () => {
  const mean = new Ewma(1_000);
  for (const sample of [1, 2, 3, 4]) mean.add(sample, 500);
  expect(mean.value).toBeCloseTo(2.5);
});

test('a sample weighs half after the half-life', () => {
  const mean = new Ewma(1_000);
  mean.add(0, 0);
  mean.add(3, 1_000);
  expect(mean.value).toBeCloseTo(2);
});

test('a new level is taken over in the same time, however often it is sampled', () => {
  const after = (everyMs: number): number => {
    const mean = new Ewma(1_000);
    for (let now = 0; now <= 20_000; now += everyMs) mean.add(now < 10_000 ? 10 : 20, now);
    return mean.value!;
  };
  expect(after(10)).toBeGreaterThan(19.9);
  expect(after(1_000)).toBeGreaterThan(19.9);
});
