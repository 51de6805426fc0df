import { describe, expect, test } from '@jest/globals';
import { AdaptiveLimit } from '../../../src/engine/admission/adaptive-limit.ts';
import type { SiteJob } from '../../../src/engine/admission/dispatcher.ts';
import { RouteWork } from '../../../src/engine/admission/route-work.ts';

const route = (limit: number): RouteWork => new RouteWork(new AdaptiveLimit({ initial: limit, min: 1, max: limit }));
const job = (name: string): SiteJob => ({ name }) as unknown as SiteJob;

describe('the work of a route', () => {
  test('costs 1 ms before anything was measured, then what its last seconds did', () => {
    const work = route(1);
    expect(work.costMs).toBe(1);
    work.observeCost(20, 0);
    expect(work.costMs).toBe(20);
    for (let now = 0; now <= 60_000; now += 100) work.observeCost(5, now);
    expect(work.costMs).toBeCloseTo(5, 1);
  });

  test('has room up to its limit; who finds none waits in order, and takes the place that is freed', () => {
    const work = route(2);
    const [a] = [work.started(0), work.started(0)];
    expect(work.hasRoom()).toBe(false);
    expect(work.unparkNext()).toBeUndefined();
    const [first, second, third] = [job('first'), job('second'), job('third')];
    for (const waiting of [first, second, third]) work.park(waiting);
    expect(work.unpark(second)).toBe(true);
    expect(work.unpark(second)).toBe(false);
    expect(work.ended(a!, 10, false)).toBe(first);
    expect(work.waiting).toBe(1);
    expect(work.unparkNext()).toBe(third);
    expect(work.unparkNext()).toBeUndefined();
  });

  test('refuses what would wait for a place past its deadline, or behind four times the limit', () => {
    const work = route(1);
    expect(work.admit(1)).toBeUndefined();
    work.ended(work.started(0), 100, false);
    work.started(100);
    // One that ends in 100 ms at most, and then its own 100 ms.
    expect(work.admit(199)).toBe('concurrency');
    expect(work.admit(200)).toBeUndefined();
    for (let n = 0; n < 4; n++) work.park(job(String(n)));
    expect(work.admit(1_000_000)).toBe('concurrency');
  });
});
