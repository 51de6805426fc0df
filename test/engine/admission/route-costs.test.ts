import { describe, expect, test } from '@jest/globals';
import { AdaptiveLimit } from '../../../src/engine/admission/adaptive-limit.ts';
import {
  keptCosts,
  learnedCostsSchema,
  MAX_KEPT,
  NO_COSTS,
  type RouteCost,
} from '../../../src/engine/admission/route-costs.ts';
import { RouteWork } from '../../../src/engine/admission/route-work.ts';
import { WorkUnit } from '../../../src/engine/admission/work-unit.ts';

const route = (): RouteWork => new RouteWork(new AdaptiveLimit({ initial: 8, min: 1, max: 8 }));
const cost = (name: string, costMs: number, runs: number): RouteCost => ({
  name,
  costMs,
  medianMs: costMs,
  elsewhereMs: 0,
  runs,
});
const workOf = (costMs: number, runs: number) => ({
  learned: { costMs, medianMs: costMs, elsewhereMs: 0, runs },
});

describe('a cost from before a restart', () => {
  test('is expected until the first request tells, and hardly anything is left of it after the second', () => {
    const work = route();
    work.expect({ costMs: 60, medianMs: 60, elsewhereMs: 200 }, 0);
    expect([work.costMs, work.medianCostMs, work.needMs(undefined)]).toEqual([60, 60, 260]);
    work.observeCost(5, 10);
    expect(work.costMs).toBeLessThan(35);
    expect(work.medianCostMs).toBe(5);
    work.observeCost(5, 20);
    expect(work.costMs).toBe(5);
  });

  test('is kept of a route that enough have asked for', () => {
    const work = route();
    for (let run = 1; run <= 4; run += 1) work.observeCost(20, run);
    expect(work.learned).toBeUndefined();
    work.observeCost(20, 5);
    expect(work.learned).toMatchObject({ costMs: expect.closeTo(20), medianMs: expect.closeTo(20, -1), runs: 5 });
  });

  test('goes with the size of the work in hand', () => {
    const [before, after] = [new WorkUnit(), new WorkUnit()];
    expect(before.learned).toBeNull();
    for (const ms of [10, 10, 100]) before.observe(ms, 0);
    after.expect(before.learned!, 0);
    expect(after.ms).toBeCloseTo(before.ms);
  });
});

describe('what is kept', () => {
  test('is what was learned now, and of routes that nobody asked for what was known', () => {
    const before = { unit: { meanMs: 5, ms: 9 }, routes: [cost('GET /a', 5, 9), cost('GET /b', 7, 9)] };
    expect(keptCosts(before, [{ name: 'GET /a', work: workOf(8, 20) }], null)).toEqual({
      unit: before.unit,
      routes: [cost('GET /a', 8, 20), cost('GET /b', 7, 9)],
    });
  });

  test('is bounded, those that are asked for most stay, and what is written can be read', () => {
    const works = Array.from({ length: MAX_KEPT + 50 }, (_, n) => ({ name: `GET /${n}`, work: workOf(1e9, n + 5) }));
    const kept = keptCosts(NO_COSTS, works, { meanMs: 1e9, ms: 1e9 });
    expect(kept.routes).toHaveLength(MAX_KEPT);
    expect(kept.routes.at(-1)!.name).toBe('GET /50');
    expect(learnedCostsSchema.parse(kept)).toEqual(kept);
  });

  test('has no name that is too long', () => {
    expect(keptCosts(NO_COSTS, [{ name: `/${'x'.repeat(300)}`, work: workOf(5, 9) }], null).routes).toEqual([]);
  });
});
