import { expect, test } from '@jest/globals';
import { createElu } from '../../../src/engine/metrics/elu.ts';

test('the utilisation is that of the time since the call before', () => {
  let reading = { idle: 1_000, active: 9_000 };
  const elu = createElu(() => reading);
  reading = { idle: 1_075, active: 9_025 };
  expect(elu()).toBeCloseTo(0.25);
  reading = { idle: 1_075, active: 9_125 };
  expect(elu()).toBe(1);
  expect(elu()).toBe(0);
});

test('a loop that works without pause is fully used', async () => {
  const elu = createElu();
  await new Promise((resolve) => setTimeout(resolve, 5));
  elu();
  for (const end = performance.now() + 50; performance.now() < end; );
  expect(elu()).toBeGreaterThan(0.5);
});
