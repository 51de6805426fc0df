import { describe, expect, test } from '@jest/globals';
import { compareNumber, compareReports } from '../../../scripts/stress/compare.ts';
import type { StressReport } from '../../../scripts/stress/result.ts';
import { seededRandom } from '../../../src/site/features/lab/random.ts';

const reportOf = (costMs: number[], busyPercent = 5): StressReport =>
  ({
    capacity: { routes: [{ name: 'work', path: '/', perSecond: 1, atLeast: false, costMs }] },
    scenarios: [],
    machine: { busyPercent },
  }) as unknown as StressReport;

/** Three measurements of something that takes so long, with noise of some percent. */
const repeats = (ms: number, random: () => number): number[] =>
  Array.from({ length: 3 }, () => ms * (1 + 0.06 * (random() - 0.5)));

describe('two runs', () => {
  test('of the same build differ by no more than noise in 9 of 10 tries', () => {
    const random = seededRandom(1);
    const same = Array.from({ length: 200 }, () =>
      compareReports(reportOf(repeats(5, random)), reportOf(repeats(5, random))),
    ).filter(({ verdict }) => verdict === 'same');
    expect(same.length).toBeGreaterThanOrEqual(180);
  });

  test('of a build that is 20 % slower say so in 9 of 10 tries', () => {
    const random = seededRandom(2);
    const worse = Array.from({ length: 200 }, () =>
      compareReports(reportOf(repeats(5, random)), reportOf(repeats(6, random))),
    ).filter(({ verdict, text }) => verdict === 'worse' && text.includes('work: CPU ms'));
    expect(worse.length).toBeGreaterThanOrEqual(180);
  });

  test('on a machine that was otherwise busy say that, too', () => {
    const { text } = compareReports(reportOf([5, 5], 3), reportOf([6, 6], 90));
    expect(text).toContain('3 % busy with other work then, 90 % now');
  });

  test('without a number in common say so', () => {
    expect(compareReports(reportOf([]), reportOf([1])).text).toContain('no number in common');
  });
});

describe('a number', () => {
  test('of which more is better has become better with more', () => {
    expect(compareNumber('good rate', [0.5, 0.5], [0.9, 0.9], true).verdict).toBe('better');
    expect(compareNumber('cost', [0.5, 0.5], [0.9, 0.9], false).verdict).toBe('worse');
  });

  test('that varies much from repeat to repeat is not believed', () => {
    expect(compareNumber('p99 ms', [100, 200], [180, 220], false).verdict).toBe('same');
  });

  test('without repeats is not judged, as nobody knows its noise', () => {
    expect(compareNumber('p99 ms', [100], [900, 900], false).verdict).toBe('same');
  });

  test('of a time that is too short to tell is the same', () => {
    expect(compareNumber('p50 ms', [0.2, 0.2], [1.5, 1.5], false).verdict).toBe('same');
  });
});
