import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LatencyCount } from '../../../scripts/load/latencies.ts';
import type { Metrics } from '../../../scripts/stress/metric.ts';
import { judge } from '../../../scripts/stress/thresholds/evaluate.ts';
import { OPERATORS, parseThreshold, ThresholdError, thresholdText } from '../../../scripts/stress/thresholds/parse.ts';

const trend = (...ms: number[]): Metrics[string] => {
  const count = new LatencyCount();
  for (const each of ms) count.add(each);
  return { kind: 'trend', latencies: count.report() };
};
const holds = (text: string, metrics: Metrics): boolean => judge(parseThreshold(text), metrics).passed;

describe('a threshold', () => {
  test('is read as k6 writes it', () => {
    expect(parseThreshold('good_rate: rate>=0.99')).toMatchObject({ metric: 'good_rate', operator: '>=', bound: 0.99 });
    expect(parseThreshold(' latency.good : p(99.9) < 250 ')).toMatchObject({
      metric: 'latency.good',
      aggregation: { of: 'p', percentile: 99.9 },
      bound: 250,
    });
    expect(parseThreshold('recovery: max<2s').bound).toBe(2_000);
    expect(parseThreshold('good_rate{route:new page}: rate>=99%')).toMatchObject({
      metric: 'good_rate{route:new page}',
      bound: 0.99,
    });
  });

  test.each([
    ['', 'must be'],
    ['good_rate', 'must be'],
    ['good_rate: quickly', 'is not like'],
    ['good_rate: mode>1', 'is none of'],
    ['latency.good: p>1', 'p needs a percentile'],
    ['latency.good: p(101)<1', 'p needs a percentile'],
    ['latency.good: max(3)<1', 'takes no number'],
    ['good rate: rate>1', 'is no name'],
    ['good_rate: rate=>0.9', 'is not like'],
    ['latency.good: max<2h', 'is not like'],
  ])('%j is refused in a line that says why', (text, why) => {
    expect(() => parseThreshold(text)).toThrow(ThresholdError);
    expect(() => parseThreshold(text)).toThrow(why);
  });

  test('reads what it writes', () => {
    const one = fc.record({
      metric: fc.constantFrom('good_rate', 'latency.good', 'good_rate{route:home}', 'checks{check:a b}'),
      aggregation: fc.oneof(
        fc.constantFrom('rate', 'count', 'value', 'min', 'avg', 'med', 'max').map((of) => ({ of })),
        fc.integer({ min: 0, max: 1_000 }).map((tenths) => ({ of: 'p', percentile: tenths / 10 })),
      ),
      operator: fc.constantFrom(...OPERATORS),
      bound: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 100),
    });
    fc.assert(
      fc.property(one, (wanted) => {
        const text = thresholdText(wanted as Parameters<typeof thresholdText>[0]);
        expect(parseThreshold(text)).toEqual({ ...wanted, text });
      }),
    );
  });

  test('whatever is written, it is read or refused with a ThresholdError', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseThreshold(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ThresholdError);
        }
      }),
    );
  });
});

describe('a verdict', () => {
  test('fails for a metric that was not measured', () => {
    expect(judge(parseThreshold('good_rate: rate<=1'), {})).toMatchObject({ passed: false, measured: null });
    expect(holds('toString: value<1', {})).toBe(false);
  });

  test('fails for a number that the metric does not have, and for one of nothing', () => {
    expect(holds('a: p(99)<1', { a: { kind: 'rate', passed: 1, total: 1 } })).toBe(false);
    expect(holds('a: rate<=1', { a: { kind: 'rate', passed: 0, total: 0 } })).toBe(false);
    expect(holds('a: p(99)<1', { a: trend() })).toBe(false);
  });

  test('what never came is over every bound', () => {
    const metrics: Metrics = {
      recovery: {
        kind: 'gauge',
        min: Number.POSITIVE_INFINITY,
        max: Number.POSITIVE_INFINITY,
        last: Number.POSITIVE_INFINITY,
      },
    };
    expect(judge(parseThreshold('recovery: max<2s'), metrics)).toEqual({
      text: 'recovery: max<2s',
      measured: null,
      passed: false,
      missing: 'never',
    });
  });

  test('of an operator and its opposite exactly one holds', () => {
    const opposite = { '<': '>=', '<=': '>', '>': '<=', '>=': '<', '==': '!=', '!=': '==' } as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(opposite) as (keyof typeof opposite)[])),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 20 }),
        (operator, value, bound) => {
          const metrics: Metrics = { a: { kind: 'gauge', min: value, max: value, last: value } };
          const [one, other] = [operator, opposite[operator]].map((each) => holds(`a: value${each}${bound}`, metrics));
          expect(one).not.toBe(other);
        },
      ),
    );
  });

  test('percentiles are those of the latencies, to 2 %', () => {
    const latency = trend(...Array.from({ length: 100 }, (_, index) => index + 1));
    expect(holds('l: p(99)<=101', { l: latency })).toBe(true);
    expect(holds('l: p(99)<97', { l: latency })).toBe(false);
    expect(holds('l: med>=49', { l: latency })).toBe(true);
    expect(holds('l: max>=98', { l: latency })).toBe(true);
    expect(holds('l: count==100', { l: latency })).toBe(true);
    expect(holds('l: avg<52', { l: latency })).toBe(true);
  });
});
