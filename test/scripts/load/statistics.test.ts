import { describe, expect, test } from '@jest/globals';
import { bisect, median } from '../../../scripts/load/statistics.ts';

describe('median', () => {
  test('is the middle value, whatever the order; of an even count the mean of the middle two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
  });
});

describe('bisection', () => {
  test('finds the largest value that passes, to within its tolerance', async () => {
    const found = await bisect(80, 240, 0.01, async (value) => value <= 187);
    expect(found).toBeLessThanOrEqual(187);
    expect(found).toBeGreaterThan(187 * 0.98);
  });

  test('returns the upper end when that passes, and the lower when nothing does', async () => {
    expect(await bisect(80, 240, 0.01, async () => true)).toBe(240);
    expect(await bisect(80, 240, 0.01, async () => false)).toBe(80);
  });
});
