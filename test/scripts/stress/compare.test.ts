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

  /** A whole run of `--runs 3`: four pages and 21 scenarios, each with three numbers; `slower`: of what it costs and takes. */
  const wholeReport = (slower: number, random: () => number): StressReport => {
    const noisy = (value: number, noise: number): number[] =>
      Array.from({ length: 3 }, () => value * (1 + noise * (random() + random() - 1)));
    return {
      capacity: {
        routes: [1, 2, 5, 8].map((ms) => ({
          name: `page ${ms}`,
          path: '/',
          perSecond: 1,
          atLeast: false,
          costMs: noisy(ms * slower, 0.04),
        })),
      },
      scenarios: Array.from({ length: 21 }, (_, n) => ({
        name: `scenario ${n}`,
        status: 'passed',
        numbers: {
          'good rate': noisy(0.97, 0.02),
          'p50 ms': noisy(20 * slower, 0.15),
          'p99 ms': noisy(150 * slower, 0.3),
        },
      })),
      machine: { busyPercent: 5 },
    } as unknown as StressReport;
  };

  test('of a whole run with repeats: 9 of 10 of one build agree, and 9 of 10 of a slower one do not', () => {
    const random = seededRandom(3);
    const verdicts = (slower: number) =>
      Array.from({ length: 100 }, () => compareReports(wholeReport(1, random), wholeReport(slower, random)).verdict);
    expect(verdicts(1).filter((verdict) => verdict === 'same').length).toBeGreaterThanOrEqual(90);
    expect(verdicts(1.2).filter((verdict) => verdict === 'worse').length).toBeGreaterThanOrEqual(90);
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
