import { describe, expect, test } from '@jest/globals';
import { type Arrival, arrivals } from '../../../scripts/load/arrivals.ts';
import type { LoadSpec } from '../../../scripts/load/spec.ts';
import { zipf } from '../../../scripts/load/zipf.ts';
import { seededRandom } from '../../../src/site/features/lab/random.ts';

const spec = (over: Partial<LoadSpec> = {}): Pick<LoadSpec, 'phases' | 'classes' | 'seed'> => ({
  seed: 7,
  phases: [{ seconds: 100, rate: 200 }],
  classes: [{ name: 'work', share: 1, path: '/work' }],
  ...over,
});

const all = (over: Partial<LoadSpec> = {}): Arrival[] => [...arrivals(spec(over))];

describe('arrivals', () => {
  test('are the same for the same seed, and others for another', () => {
    expect(all()).toEqual(all());
    expect(all({ seed: 8 })).not.toEqual(all());
  });

  test('come in order of time, within their phases', () => {
    const times = all({
      phases: [
        { seconds: 1, rate: 100, warmUp: true },
        { seconds: 1, rate: 0 },
        { seconds: 2, rate: 50 },
      ],
    });
    for (let index = 1; index < times.length; index += 1)
      expect(times[index]!.atMs).toBeGreaterThanOrEqual(times[index - 1]!.atMs);
    expect(times.filter(({ atMs }) => atMs >= 1000 && atMs < 2000)).toHaveLength(0);
    for (const { atMs, warmUp } of times) expect(warmUp).toBe(atMs < 1000);
    expect(times.at(-1)!.atMs).toBeLessThan(4000);
  });

  test('are Poisson: exponential gaps, whose mean and deviation are one over the rate', () => {
    const times = all().map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((atMs, index) => atMs - times[index]!);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(mean).toBeGreaterThan(4.9);
    expect(mean).toBeLessThan(5.1);
    expect(deviation / mean).toBeGreaterThan(0.95);
    expect(deviation / mean).toBeLessThan(1.05);
  });

  test('share out among classes as asked', () => {
    const kinds = all({
      classes: [
        { name: 'critical', share: 0.4, path: '/c' },
        { name: 'low', share: 9.6, path: '/l' },
      ],
    });
    const critical = kinds.filter(({ kind }) => kind === 0).length / kinds.length;
    expect(critical).toBeGreaterThan(0.035);
    expect(critical).toBeLessThan(0.045);
    expect(new Set(kinds.map(({ kind, path }) => `${kind}${path}`))).toEqual(new Set(['0/c', '1/l']));
  });

  test('visit pages in sequence when asked: every page before any a second time', () => {
    const paths = all({
      phases: [{ seconds: 1, rate: 100 }],
      classes: [{ name: 'prime', share: 1, path: '/page/:n', pages: { count: 40, pick: 'sequence' } }],
    }).map(({ path }) => path);
    expect(new Set(paths.slice(0, 40)).size).toBe(40);
    expect(paths[40]).toBe(paths[0]);
  });
});

describe('Zipf', () => {
  test('is the same for the same seed', () => {
    const draw = (seed: number): number[] => {
      const rank = zipf(1000, seededRandom(seed));
      return Array.from({ length: 100 }, rank);
    };
    expect(draw(3)).toEqual(draw(3));
    expect(draw(4)).not.toEqual(draw(3));
  });

  test('draws rank k in proportion to 1/k, over the whole range', () => {
    const rank = zipf(50, seededRandom(1));
    const counts = new Array<number>(51).fill(0);
    for (let draw = 0; draw < 200_000; draw += 1) counts[rank()]! += 1;
    expect(counts[0]).toBe(0);
    expect(Math.min(...counts.slice(1))).toBeGreaterThan(0);
    expect(counts[1]! / counts[2]!).toBeCloseTo(2, 0);
    expect(counts[1]! / counts[10]!).toBeGreaterThan(9);
    expect(counts[1]! / counts[10]!).toBeLessThan(11);
  });
});

test('a phase may have requests of some classes only, in proportion to their shares', () => {
  const counted = { early: [0, 0, 0], late: [0, 0, 0] };
  for (const { atMs, kind } of arrivals({
    seed: 3,
    phases: [
      { seconds: 5, rate: 300, only: ['a', 'c'] },
      { seconds: 5, rate: 300 },
    ],
    classes: ['a', 'b', 'c'].map((name, index) => ({ name, share: index === 2 ? 2 : 1, path: '/' })),
  }))
    counted[atMs < 5_000 ? 'early' : 'late'][kind]! += 1;
  expect(counted.early[1]).toBe(0);
  expect(counted.early[2]! / counted.early[0]!).toBeGreaterThan(1.6);
  expect(counted.early[2]! / counted.early[0]!).toBeLessThan(2.5);
  expect(Math.min(...counted.late)).toBeGreaterThan(250);
});
