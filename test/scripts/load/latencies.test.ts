import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { countOf, LatencyCount, meanMs, percentileMs, together } from '../../../scripts/load/latencies.ts';

const counted = (all: readonly number[]) => {
  const count = new LatencyCount();
  for (const ms of all) count.add(ms);
  return count.report();
};

test('percentiles are those of the values, to 2 %', () => {
  const some = fc.array(fc.double({ min: 0.01, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 100 }), (all, percent) => {
      const exact = all.toSorted((a, b) => a - b)[Math.ceil((percent / 100) * all.length) - 1]!;
      const found = percentileMs(counted(all), percent)!;
      expect(Math.abs(found / exact - 1)).toBeLessThan(0.02);
    }),
  );
});

test('counts of several parts are those of the whole', () => {
  const some = fc.array(fc.double({ min: 0.01, max: 60_000, noNaN: true }), { maxLength: 100 });
  fc.assert(
    fc.property(some, some, (one, other) => {
      expect(together([counted(one), counted(other)])).toEqual(counted([...one, ...other]));
      expect(countOf(counted(one))).toBe(one.length);
    }),
  );
});

test('of nothing there is no percentile and no mean; what is beyond is the longest', () => {
  expect(percentileMs([], 50)).toBeUndefined();
  expect(meanMs([])).toBeUndefined();
  expect(counted([1e12, 1e15])).toHaveLength(1);
});
