import { describe, expect, test } from '@jest/globals';
import { type Outcome, quantile, simulate } from './simulated-loop.ts';

const COSTS = [5, 20, 60, 150];
const SEEDS = [1, 2, 3];
/** Done within the time, in shares of what a loop that never idles would do. */
const shareOfCapacity = ({ good }: Outcome, costMs: number, ms: number): number => (good * costMs) / ms;

describe('a burst is not a surge', () => {
  test.each(
    COSTS.flatMap((costMs) => (['critical', 'background'] as const).map((priority) => [costMs, priority] as const)),
  )('at 0.65 of the capacity, %d ms a request, %s: as good as nobody is refused', async (costMs, priority) => {
    let offered = 0;
    let refused = 0;
    for (const seed of SEEDS) {
      const { work } = await simulate([{ name: 'work', priority, costMs, spread: 'exponential', rate: 650 / costMs }], {
        ms: costMs * 8_000,
        seed,
      });
      offered += work!.offered;
      refused += work!.refused;
    }
    // With 150 ms a request 0.94 % would take over 2 s (M/M/1): the deadline follows the work in hand.
    expect(refused / offered).toBeLessThanOrEqual(costMs <= 60 ? 0.0005 : 0.003);
  });

  test('nine of ten quick, one dear: as good as nobody', async () => {
    const rate = 650 / 19.5;
    for (const seed of SEEDS) {
      const { quick, dear } = await simulate(
        [
          { name: 'quick', priority: 'low', costMs: 5, rate: 0.9 * rate },
          { name: 'dear', priority: 'low', costMs: 150, rate: 0.1 * rate },
        ],
        { ms: 300_000, seed },
      );
      expect((quick!.refused + dear!.refused) / (quick!.offered + dear!.offered)).toBeLessThanOrEqual(0.005);
    }
  });

  test.each([
    [8, 20],
    [4, 60],
    [8, 60],
    [4, 150],
    [8, 150],
  ])('%d polite visitors, each asks again when answered, %d ms a page: nobody is refused', async (visitors, costMs) => {
    const { polite } = await simulate([{ name: 'polite', priority: 'low', costMs, visitors }], { ms: 60_000, seed: 1 });
    expect(polite!.offered).toBeGreaterThan(300);
    expect(polite!.refused).toBe(0);
  });
});

describe('a surge', () => {
  test.each(COSTS.flatMap((costMs) => [2, 10].map((load) => [load, costMs])))(
    'of %d times the capacity, %d ms a request: the loop is never idle, and whoever is refused is told soon',
    async (load, costMs) => {
      const ms = Math.max(20_000, costMs * 1_000);
      const { work } = await simulate([{ name: 'work', priority: 'low', costMs, rate: (load * 1_000) / costMs }], {
        ms,
        seed: 1,
        goodMs: 2_000,
      });
      expect(shareOfCapacity(work!, costMs, ms)).toBeGreaterThan(0.88);
      expect(quantile(work!.refusals, 0.99)).toBeLessThanOrEqual(100 + 2 * costMs);
    },
  );

  test.each([20, 60, 150].flatMap((costMs) => [2, 10].map((load) => [load, costMs])))(
    'that begins, %d times the capacity, exponential costs of %d ms: the loop serves visitors who still wait',
    async (load, costMs) => {
      let good = 0;
      const refusals: number[] = [];
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const { surge } = await simulate(
          [
            {
              name: 'calm',
              route: 'w',
              priority: 'normal',
              costMs,
              spread: 'exponential',
              rate: 500 / costMs,
              untilMs: 3_000,
            },
            {
              name: 'surge',
              priority: 'normal',
              costMs,
              spread: 'exponential',
              rate: (load * 1_000) / costMs,
              fromMs: 3_000,
            },
          ],
          { ms: 13_000, seed, goodMs: 2_000 },
        );
        good += surge!.good;
        refusals.push(...surge!.refusals);
      }
      refusals.sort((one, other) => one - other);
      expect((good * costMs) / 60_000).toBeGreaterThan(0.8);
      // Of exponential costs one in a hundred is 4.6 times the mean, and whoever comes meanwhile waits for its end.
      expect(quantile(refusals, 0.9)).toBeLessThanOrEqual(100 + 2 * costMs);
      expect(quantile(refusals, 0.99)).toBeLessThanOrEqual(100 + 5 * costMs);
    },
  );

  test('critical requests below their share notice nothing of it', async () => {
    const { critical, low } = await simulate(
      [
        { name: 'critical', priority: 'critical', costMs: 5, spread: 'exponential', rate: 80 },
        { name: 'low', priority: 'low', costMs: 5, spread: 'exponential', rate: 1_920 },
      ],
      { ms: 60_000, seed: 1 },
    );
    expect(critical!.good).toBe(critical!.offered);
    expect(quantile(critical!.latencies, 0.99)).toBeLessThan(100);
    expect(critical!.good + low!.good).toBeGreaterThan(0.88 * 12_000);
  });

  test('of members starves nobody: a page that visitors ask for once a second is rendered in time', async () => {
    const { members, visitors } = await simulate(
      [
        { name: 'members', priority: 'normal', costMs: 5, spread: 'exponential', rate: 2_000 },
        { name: 'visitors', priority: 'background', costMs: 5, rate: 1 },
      ],
      { ms: 60_000, seed: 1 },
    );
    expect(visitors!.good).toBe(visitors!.offered);
    expect(members!.good).toBeGreaterThan(0.85 * 12_000);
  });
});

describe('a start into a surge of a page of 60 ms', () => {
  const costs = {
    unit: { meanMs: 60, ms: 60 },
    routes: [{ name: 'work', costMs: 60, medianMs: 60, elsewhereMs: 0, runs: 50 }],
  };
  const first = async (known: boolean) => {
    const sum = { good: 0, late: 0, toldLate: 0 };
    for (let seed = 1; seed <= 10; seed += 1) {
      const { work } = await simulate([{ name: 'work', priority: 'low', costMs: 60, rate: 1_000, untilMs: 1_000 }], {
        ms: 1_000,
        seed,
        ...(known ? { costs } : {}),
      });
      sum.good += work!.good;
      sum.late += work!.late;
      sum.toldLate += work!.refusals.filter((ms) => ms > 90).length;
    }
    return sum;
  };

  test('with what was learned before nobody is let in to be turned away, and more have their page in time', async () => {
    const [without, known] = [await first(false), await first(true)];
    expect(without.toldLate).toBeGreaterThan(100);
    expect(known.toldLate).toBe(0);
    expect(known.late).toBeLessThan(without.late);
    expect(known.good).toBeGreaterThanOrEqual(without.good);
  });
});
