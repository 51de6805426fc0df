import { expect, test } from '@jest/globals';
import { Visits } from '../../../src/engine/traffic/visits.ts';

test('so many visits are remembered: the one not seen for longest makes room', () => {
  const visits = new Visits();
  const step = (visitor: number) =>
    visits.step({ visitor, isView: true, isAsset: false, hasCookie: true, path: '/a', weight: 1 }, 1_000);
  for (let visitor = 0; visitor < 10_000; visitor++) step(visitor);
  expect(step(0).isNew).toBe(false);
  for (let visitor = 10_000; visitor < 10_100; visitor++) step(visitor);
  expect(visits.size).toBe(10_000);
  expect([step(0).isNew, step(1).isNew]).toEqual([false, true]);
});
