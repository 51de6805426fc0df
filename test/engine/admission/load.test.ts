import { describe, expect, test } from '@jest/globals';
import { LoadMeter } from '../../../src/engine/admission/load-meter.ts';
import { WorkUnit } from '../../../src/engine/admission/work-unit.ts';
import { exponential, seeded } from './seeded.ts';

/** Poisson arrivals of work at `load` for `ms`, from `from` on. */
function arrive(meter: LoadMeter, load: number, costMs: number, from: number, ms: number, seed = 1): void {
  const random = seeded(seed);
  for (let now = from + exponential(random, costMs / load); now < from + ms; now += exponential(random, costMs / load))
    meter.offer(costMs, now);
}

describe('the offered load', () => {
  test.each([
    [5, 0.65],
    [5, 10],
    [150, 0.65],
    [150, 2],
  ])('of jobs of %d ms is measured whatever of it is refused: %d', (costMs, load) => {
    let sum = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const meter = new LoadMeter();
      arrive(meter, load, costMs, 0, 60_000, seed);
      sum += meter.ratio(60_000);
    }
    expect(sum / 20).toBeGreaterThan(load * 0.8);
    expect(sum / 20).toBeLessThan(load * 1.2);
  });

  test('shows a surge within a moment and forgets it soon', () => {
    const meter = new LoadMeter();
    arrive(meter, 0.5, 5, 0, 10_000);
    arrive(meter, 10, 5, 10_000, 300);
    expect(meter.ratio(10_300)).toBeGreaterThan(2);
    arrive(meter, 10, 5, 10_300, 10_000);
    arrive(meter, 0.5, 5, 20_300, 4_000);
    expect(meter.ratio(24_300)).toBeLessThan(1.2);
  });

  test('of one job is no surge, and a load without end counts as twenty times', () => {
    const meter = new LoadMeter();
    meter.offer(150, 1_000);
    expect(meter.ratio(1_000)).toBeLessThan(0.2);
    for (let n = 0; n < 1_000_000; n++) meter.offer(5, 2_000);
    expect(meter.ratio(2_000)).toBe(20);
    expect(meter.ratio(12_000)).toBeLessThan(1.2);
  });

  test('counts against what there is: two threads can do twice as much', () => {
    const meter = new LoadMeter();
    for (let now = 0; now < 20_000; now += 10) meter.offer(20, now, 2);
    expect(meter.ratio(20_000)).toBeCloseTo(1, 1);
  });
});

describe('the unit of work', () => {
  test('is the cost itself where all cost the same, and two means where costs are exponential', () => {
    const fixed = new WorkUnit();
    for (let now = 0; now < 10_000; now += 10) fixed.observe(20, now);
    expect(fixed.ms).toBeCloseTo(20, 6);
    const spread = new WorkUnit();
    const random = seeded(1);
    for (let now = 0; now < 20_000; now += 5) spread.observe(exponential(random, 5), now);
    expect(spread.ms).toBeGreaterThan(8);
    expect(spread.ms).toBeLessThan(12);
  });

  test('of quick and dear jobs together is much more than their mean', () => {
    const mixed = new WorkUnit();
    for (let n = 0; n < 1_000; n++) mixed.observe(n % 10 === 0 ? 150 : 5, n * 30);
    expect(mixed.ms).toBeGreaterThan(100);
    expect(mixed.ms).toBeLessThan(130);
  });

  test('one job that hung opens the gate for nobody', () => {
    const unit = new WorkUnit();
    for (let now = 0; now < 5_000; now += 5) unit.observe(5, now);
    unit.observe(3_000, 5_000);
    expect(unit.ms).toBeLessThan(12);
  });
});
