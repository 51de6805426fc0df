import { describe, expect, test } from '@jest/globals';
import { AdaptiveLimit } from '../../../src/engine/admission/adaptive-limit.ts';
import { type Limiter, type SimulatedSecond, type Surge, seeded, simulate, type Upstream } from './simulated-server.ts';

const MAX = 256;
const SEEDS = [1, 2, 3];
/** One is enough where the bound is far from what chance does. */
const SEED = [1];
const started = (initial = MAX): AdaptiveLimit => new AdaptiveLimit({ initial, min: 1, max: MAX });
const fixed = (limit: number): Limiter => ({ limit, observe: () => undefined });

type Random = () => number;
const exponential = (meanMs: number, random: Random) => (): number => -Math.log(1 - random()) * meanMs;
const lognormal = (meanMs: number, sigma: number, random: Random) => (): number => {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return meanMs * Math.exp(sigma * normal - sigma ** 2 / 2);
};
const within10Percent = (meanMs: number, random: Random) => (): number => meanMs * (0.9 + 0.2 * random());
const roomForAll = (serviceMs: Upstream['serviceMs']): Upstream => ({
  room: () => Number.POSITIVE_INFINITY,
  serviceMs,
});
const roomFor20 = (serviceMs: Upstream['serviceMs']): Upstream => ({ room: () => 20, serviceMs });

type Case = Pick<Surge, 'seconds'> & { perSecond: number; upstream: (random: Random) => Upstream };
const run = (limiter: Limiter, { seconds, perSecond, upstream }: Case, seed: number): SimulatedSecond[] => {
  const random = seeded(seed);
  return simulate({ limiter, upstream: upstream(random), seconds, offered: () => perSecond, random });
};
const mean = (seconds: SimulatedSecond[], of: keyof SimulatedSecond): number =>
  seconds.reduce((sum, second) => sum + second[of], 0) / seconds.length;
const least = (seconds: SimulatedSecond[]): number => Math.min(...seconds.map((second) => second.leastLimit));
const greatest = (seconds: SimulatedSecond[]): number => Math.max(...seconds.map((second) => second.greatestLimit));

const between = (now: number, from: number, to: number): boolean => now >= from * 1_000 && now < to * 1_000;
const slow = (now: number): boolean => between(now, 30, 60);
const failing = (now: number): boolean => between(now, 30, 50);

describe('the limit of work elsewhere', () => {
  test.each(SEED)('never falls on a constant latency of 1 s with room for all, in 5 minutes (seed %i)', (seed) => {
    const seconds = run(started(), { seconds: 300, perSecond: 400, upstream: () => roomForAll(() => 1_000) }, seed);
    expect(mean(seconds.slice(2, 10), 'good')).toBeGreaterThanOrEqual(250);
    expect(mean(seconds.slice(10), 'good')).toBeGreaterThanOrEqual(255);
    expect(least(seconds)).toBe(MAX);
  });

  test('grows to the maximum where more in flight brings more throughput, and never beyond', () => {
    for (const initial of [1, 4, 32]) {
      const seconds = run(
        started(initial),
        { seconds: 60, perSecond: 1_000, upstream: () => roomForAll(() => 300) },
        1,
      );
      expect(least(seconds.slice(30))).toBe(MAX);
      expect(greatest(seconds)).toBe(MAX);
    }
  });

  for (const times of [2, 10]) {
    test.each(SEED)(`finds room for 20 at ${times} times their capacity, 50 ms each (seed %i)`, (seed) => {
      for (const initial of [MAX, 32, 4]) {
        const settled = run(
          started(initial),
          { seconds: 60, perSecond: times * 400, upstream: () => roomFor20(() => 50) },
          seed,
        ).slice(10);
        expect(mean(settled, 'good')).toBeGreaterThan(0.97 * 400);
        expect(mean(settled, 'latencyMs')).toBeLessThan(2 * 50);
      }
    });

    test.each(SEED)(`finds room for 20 at ${times} times their capacity, 1 s each, from 32 (seed %i)`, (seed) => {
      const upstream = (random: Random): Upstream => roomFor20(within10Percent(1_000, random));
      const settled = run(started(32), { seconds: 120, perSecond: times * 20, upstream }, seed).slice(15);
      expect(mean(settled, 'good')).toBeGreaterThan(0.97 * 20);
      expect(mean(settled, 'latencyMs')).toBeLessThan(1_600);
    });

    test.each(SEED)(
      `falls at once when work of 1 s times out, and finds room for 20 at ${times} times (seed %i)`,
      (seed) => {
        const upstream = (random: Random): Upstream => roomFor20(within10Percent(1_000, random));
        const seconds = run(started(), { seconds: 120, perSecond: times * 20, upstream }, seed);
        // Those that began before the first time-out are in the upstream's queue: some 12 s of work at the most.
        expect(least(seconds.slice(0, 8))).toBe(1);
        expect(mean(seconds.slice(30), 'good')).toBeGreaterThan(0.95 * 20);
      },
    );
  }

  test('keeps no queue where the times of work scatter: throughput of the best fixed limit', () => {
    for (const seed of SEEDS) {
      const surge: Case = { seconds: 120, perSecond: 2_000, upstream: (random) => roomFor20(exponential(50, random)) };
      const best = mean(run(fixed(28), surge, seed).slice(20), 'good');
      const settled = run(started(), surge, seed).slice(20);
      expect(mean(settled, 'good')).toBeGreaterThan(0.97 * best);
      expect(greatest(settled.slice(-20))).toBeLessThan(MAX / 2);
    }
  });

  describe('where the upstream slows tenfold for 30 s', () => {
    test.each(SEED)('and still has room for all, as much is done as can be (seed %i)', (seed) => {
      const upstream = (): Upstream => roomForAll((now) => (slow(now) ? 1_000 : 100));
      const seconds = run(started(), { seconds: 90, perSecond: 400, upstream }, seed);
      expect(mean(seconds.slice(35, 60), 'good')).toBeGreaterThan(0.97 * MAX);
      expect(mean(seconds.slice(62, 65), 'good')).toBeGreaterThan(0.9 * 400);
      expect(mean(seconds.slice(65), 'good')).toBeGreaterThan(0.97 * 400);
    });

    const losses: [string, Upstream][] = [
      ['room for 2 instead of 20', { room: (now) => (slow(now) ? 2 : 20), serviceMs: () => 50 }],
      ['500 ms instead of 50', { room: () => 20, serviceMs: (now) => (slow(now) ? 500 : 50) }],
    ];
    test.each(losses)('%s: as much is done as can be, and all again within 5 s', (_loss, upstream) => {
      for (const seed of SEEDS)
        for (const initial of [MAX, 32]) {
          const seconds = run(started(initial), { seconds: 120, perSecond: 800, upstream: () => upstream }, seed);
          expect(mean(seconds.slice(35, 60), 'good')).toBeGreaterThan(0.9 * 40);
          expect(mean(seconds.slice(65), 'good')).toBeGreaterThan(0.97 * 400);
          expect(mean(seconds.slice(65), 'latencyMs')).toBeLessThan(125);
        }
    });
  });

  describe('where the upstream fails for 20 s', () => {
    const failures: [string, number, number, Upstream][] = [
      ['each request errors quickly', 400, MAX, { ...roomForAll((now) => (failing(now) ? 5 : 1_000)), fails: failing }],
      ['no request ends', 400, MAX, roomForAll((now) => (failing(now) ? Number.POSITIVE_INFINITY : 1_000))],
      ['no request of 50 ms ends', 800, 400, roomFor20((now) => (failing(now) ? Number.POSITIVE_INFINITY : 50))],
      ['it stalls', 800, 400, { room: (now) => (failing(now) ? 0 : 20), serviceMs: () => 50 }],
    ];
    test.each(failures)('%s: all is back within 5 s', (_failure, perSecond, usual, upstream) => {
      for (const seed of SEEDS) {
        const seconds = run(started(), { seconds: 90, perSecond, upstream: () => upstream }, seed);
        expect(mean(seconds.slice(55), 'good')).toBeGreaterThan(0.97 * usual);
        expect(seconds[55]!.good).toBeGreaterThan(0.95 * usual);
      }
    });

    test('few visitors wait for the deadline', () => {
      const [, perSecond, , upstream] = failures[1]!;
      const seconds = run(started(), { seconds: 60, perSecond, upstream: () => upstream }, 1);
      expect(least(seconds)).toBe(1);
      expect(mean(seconds.slice(35, 50), 'dropped')).toBeLessThan(2);
    });

    test('errors that come quickly, far from the limit, lower nothing', () => {
      const upstream: Upstream = { ...roomForAll(() => 5), fails: failing };
      expect(least(run(started(), { seconds: 60, perSecond: 100, upstream: () => upstream }, 1))).toBe(MAX);
    });

    test('a few errors in a hundred lower nothing', () => {
      const upstream = (random: Random): Upstream => ({ ...roomForAll(() => 1_000), fails: () => random() < 0.05 });
      expect(least(run(started(), { seconds: 60, perSecond: 400, upstream }, 1))).toBe(MAX);
    });
  });

  test('learns nothing while few are in flight', () => {
    for (const initial of [MAX, 50]) {
      const upstream = (random: Random): Upstream => roomForAll(lognormal(100, 1, random));
      const seconds = run(started(initial), { seconds: 120, perSecond: 50, upstream }, 1);
      expect([least(seconds), greatest(seconds)]).toEqual([initial, initial]);
    }
  });

  const scatter: [string, number, (random: Random) => Upstream['serviceMs']][] = [
    ['exponential', 1_200, (random) => exponential(400, random)],
    ['lognormal', 1_200, (random) => lognormal(400, 1.5, random)],
    ['9 of 10 take 10 ms, one 1 s', 3_500, (random) => () => (random() < 0.9 ? 10 : 1_000)],
  ];
  test.each(scatter)('does not drift down where there is room for all: %s', (_name, perSecond, serviceMs) => {
    // Of all seeds together: in 50 s of one run the random times differ by 1 to 2 %, as much as the trials cost.
    let [good, best] = [0, 0];
    for (const seed of SEEDS) {
      const surge: Case = { seconds: 150, perSecond, upstream: (random) => roomForAll(serviceMs(random)) };
      const seconds = run(started(), surge, seed).slice(10);
      best += mean(run(fixed(MAX), surge, seed).slice(10), 'good');
      good += mean(seconds, 'good');
      expect(seconds.filter(({ leastLimit }) => leastLimit < MAX).length).toBeLessThan(seconds.length / 10);
      expect(least(seconds)).toBeGreaterThanOrEqual(MAX / 2);
    }
    expect(good).toBeGreaterThan(0.97 * best);
  });

  test('is a whole number between its bounds, whatever it is told', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = seeded(seed);
      const limiter = new AdaptiveLimit({ initial: 20, min: 3, max: 40 });
      const limits = new Set<number>();
      let now = 0;
      for (let sample = 0; sample < 50_000; sample++) {
        now += random() * 20;
        const mood = Math.floor(now / 20_000) % 4;
        const latencyMs = mood === 3 ? 0 : random() * 10 ** mood * 10;
        limiter.observe({ now, latencyMs, inFlight: Math.ceil(random() * 40), dropped: random() < mood / 2.5 });
        limits.add(limiter.limit);
      }
      expect([...limits].filter((limit) => !Number.isInteger(limit))).toEqual([]);
      expect([Math.min(...limits), Math.max(...limits)]).toEqual([3, 40]);
    }
  });

  describe('has bounds of its own:', () => {
    interface Fed {
      limiter: AdaptiveLimit;
      ends: number;
      everyMs: number;
      latencyMs: (end: number) => number;
      from?: number;
      inFlight?: number;
      dropped?: boolean;
    }
    /** The limit after each end of work. */
    const feed = ({ limiter, ends, everyMs, latencyMs, from = 0, inFlight, dropped = false }: Fed): number[] =>
      Array.from({ length: ends }, (_, end) => {
        const sample = { latencyMs: latencyMs(end), inFlight: inFlight ?? limiter.limit, dropped };
        limiter.observe({ now: from + end * everyMs, ...sample });
        return limiter.limit;
      });

    test('20 drops in a row are a failure, 19 are not', () => {
      const limits = feed({ limiter: started(), ends: 20, everyMs: 1, latencyMs: () => 100, dropped: true });
      expect([limits[18], limits[19]]).toEqual([MAX, 1]);
    });

    test('with a small limit 4 drops in a row are a failure, 3 are not', () => {
      const limits = feed({ limiter: started(2), ends: 4, everyMs: 1, latencyMs: () => 100, dropped: true });
      expect([limits[2], limits[3]]).toEqual([2, 1]);
    });

    test('a higher limit that nobody fills is given up after a few windows', () => {
      const limits = feed({ limiter: started(32), ends: 200, everyMs: 10, latencyMs: () => 100, inFlight: 32 });
      expect(limits).toContain(64);
      // Back to 32, which 32 in flight fill, and from there one step of growth, which they do not.
      expect(limits.at(-1)).toBe(40);
    });

    test('a window ends after 3 s, though few work and their times scatter', () => {
      const latencyMs = (end: number): number => (end % 10 === 5 ? 1_900 : 100);
      expect(feed({ limiter: started(32), ends: 50, everyMs: 200, latencyMs }).at(-1)).toBeGreaterThan(32);
    });

    test('a window ends after 1,000 ends, though their times scatter', () => {
      const latencyMs = (end: number): number => (end % 100 === 5 ? 10_000 : 1);
      expect(feed({ limiter: started(32), ends: 1_500, everyMs: 1, latencyMs }).at(-1)).toBeGreaterThan(32);
    });

    test('a higher limit is tried less and less often, but at least every 3 minutes', () => {
      const limiter = started(26);
      feed({ limiter, ends: 100, everyMs: 10, latencyMs: () => 50, inFlight: 5 });
      const latencyMs = (): number => 50 * Math.max(1, limiter.limit / 20);
      const limits = feed({ limiter, ends: 400_000, everyMs: 5, latencyMs, from: 1_000 });
      const tries = limits.flatMap((limit, end) => (limit > 26 && limits[end - 1] === 26 ? [end * 5] : []));
      const gaps = tries.slice(1).map((at, index) => at - tries[index]!);
      expect(gaps[0]).toBeLessThan(15_000);
      expect(gaps.at(-1)).toBeGreaterThan(150_000);
      expect(Math.max(...gaps)).toBeLessThan(180_000);
    });

    test('after a lower limit brought as much, the limit grows only to where the latency would be crowded again', () => {
      const limiter = started(40);
      feed({ limiter, ends: 100, everyMs: 10, latencyMs: () => 50, inFlight: 5 });
      feed({ limiter, ends: 400, everyMs: 2, latencyMs: () => 2.5 * limiter.limit, from: 1_000 });
      expect(limiter.limit).toBe(25);
      // 1.2 times 25 is the ceiling; 55.5 ms would let it grow on.
      const latencyMs = (): number => 55.5 * Math.max(1, limiter.limit / 30);
      expect(feed({ limiter, ends: 3_000, everyMs: 2, latencyMs, from: 1_800 }).at(-1)).toBe(30);
    });

    test('a lower limit is not tried while the latency still rises', () => {
      const limiter = started();
      feed({ limiter, ends: 100, everyMs: 1, latencyMs: () => 50, inFlight: 5 });
      // Each window of 20 ends is half slower again.
      const rising = (end: number): number => 50 * 1.5 ** Math.floor(end / 20);
      const limits = feed({ limiter, ends: 120, everyMs: 1, latencyMs: rising, from: 100 });
      expect(Math.min(...limits)).toBe(MAX);
      const steady = feed({ limiter, ends: 100, everyMs: 1, latencyMs: () => 400, from: 220 });
      expect(Math.min(...steady)).toBeLessThan(MAX);
    });
  });

  test('is at least 1, whatever it is given', () => {
    expect(new AdaptiveLimit({ initial: 0, min: 0, max: 0 }).limit).toBe(1);
  });
});
