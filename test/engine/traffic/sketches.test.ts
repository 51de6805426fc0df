import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Counts } from '../../../src/engine/traffic/counts.ts';
import { HyperLogLog } from '../../../src/engine/traffic/hyperloglog.ts';
import { MAX_KEY, SpaceSaving } from '../../../src/engine/traffic/space-saving.ts';

const add = (sketch: HyperLogLog, thing: string): void => {
  const hash = createHash('sha256').update(thing).digest();
  sketch.add(hash.readUInt32BE(0), hash.readUInt32BE(4));
};

const exact = (things: readonly (readonly [string, number])[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const [name, weight] of things) counts.set(name, (counts.get(name) ?? 0) + weight);
  return counts;
};

/** Few frequent keys and a long tail, as paths and networks are. */
const stream = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom('a', 'b', 'c') },
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 400 }).map(String) },
    ),
    fc.integer({ min: 1, max: 5 }),
  ),
  { maxLength: 600 },
);
const CAPACITY = 16;
const filled = (things: readonly (readonly [string, number])[], capacity = CAPACITY): SpaceSaving => {
  const sketch = new SpaceSaving(capacity);
  for (const [name, weight] of things) sketch.add(name, weight);
  return sketch;
};

/** What a list of frequent things promises. */
function expectBound(sketch: SpaceSaving, truth: Map<string, number>, capacity = CAPACITY): void {
  const total = [...truth.values()].reduce((sum, count) => sum + count, 0);
  expect(sketch.total).toBe(total);
  expect(sketch.size).toBeLessThanOrEqual(capacity);
  expect(sketch.maxError).toBeLessThanOrEqual(total / capacity);
  const kept = new Map(sketch.top(capacity).map((hitter) => [hitter.key, hitter]));
  for (const { key, count, error } of kept.values()) {
    const real = truth.get(key) ?? 0;
    expect(count).toBeGreaterThanOrEqual(real);
    expect(count - error).toBeLessThanOrEqual(real);
    expect(error).toBeLessThanOrEqual(total / capacity);
  }
  for (const [key, real] of truth) if (!kept.has(key)) expect(real).toBeLessThanOrEqual(sketch.maxError);
}

describe('the most frequent things', () => {
  test('are counted within the stated error, whatever comes', () => {
    fc.assert(fc.property(stream, (things) => expectBound(filled(things), exact(things))));
  });

  test('keep the stated error when lists are merged, in any order', () => {
    fc.assert(
      fc.property(stream, stream, stream, (a, b, c) => {
        const merged = filled(a);
        merged.merge(filled(b));
        const second = filled(c);
        second.merge(merged);
        expectBound(second, exact([...a, ...b, ...c]));
      }),
    );
  });

  test('keep the stated error of the shorter list when they travel with fewer keys, and are added to afterwards', () => {
    fc.assert(
      fc.property(stream, stream, (a, b) => {
        const travelled = SpaceSaving.fromJson(CAPACITY, JSON.parse(JSON.stringify(filled(a).toJson(8))));
        for (const [name, weight] of b) travelled.add(name, weight);
        const truth = exact([...a, ...b]);
        const total = [...truth.values()].reduce((sum, count) => sum + count, 0);
        const kept = new Map(travelled.top(CAPACITY).map((hitter) => [hitter.key, hitter]));
        expect(travelled.maxError).toBeLessThanOrEqual(total / 8);
        for (const { key, count, error } of kept.values()) {
          expect(count).toBeGreaterThanOrEqual(truth.get(key) ?? 0);
          expect(count - error).toBeLessThanOrEqual(truth.get(key) ?? 0);
        }
        for (const [key, real] of truth) if (!kept.has(key)) expect(real).toBeLessThanOrEqual(travelled.maxError);
      }),
    );
  });

  test('hold no more than their number of keys, each cut at its length', () => {
    const sketch = filled(Array.from({ length: 5_000 }, (_, index) => [`key-${index}`, 1] as const));
    expect(sketch.size).toBe(CAPACITY);
    sketch.add('x'.repeat(10_000), 100_000);
    expect(sketch.top(1)[0]!.key).toHaveLength(MAX_KEY);
  });

  test('come in order, equal ones by name', () => {
    expect(
      filled([
        ['b', 2],
        ['a', 2],
        ['c', 7],
      ])
        .top(2)
        .map(({ key }) => key),
    ).toEqual(['c', 'a']);
  });
});

describe('different things', () => {
  test('are counted within four standard errors, from none to many', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000 }), fc.integer(), (number, seed) => {
        const sketch = new HyperLogLog(10);
        for (let index = 0; index < number; index++) {
          add(sketch, `${seed}:${index}`);
          if (index % 3 === 0) add(sketch, `${seed}:${index}`);
        }
        expect(Math.abs(sketch.count() - number)).toBeLessThanOrEqual(4 * sketch.standardError * number + 0.5);
      }),
      { numRuns: 25, seed: 7 },
    );
  });

  test('err by the stated standard error over many sets, and not to one side', () => {
    const errors = Array.from({ length: 60 }, (_, set) => {
      const sketch = new HyperLogLog(8);
      for (let index = 0; index < 3_000; index++) add(sketch, `${set}/${index}`);
      return sketch.count() / 3_000 - 1;
    });
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    const stated = new HyperLogLog(8).standardError;
    expect(deviation).toBeLessThan(1.4 * stated);
    expect(deviation).toBeGreaterThan(0.6 * stated);
    expect(Math.abs(mean)).toBeLessThan(stated / 2);
  });

  test('of two sketches together are those of the merged one, also when it travelled', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
        const [first, second, both] = [new HyperLogLog(12), new HyperLogLog(12), new HyperLogLog(12)];
        for (const thing of a) add(first, thing);
        for (const thing of b) add(second, thing);
        for (const thing of [...a, ...b]) add(both, thing);
        const travelled = HyperLogLog.fromText(12, second.toText());
        travelled.merge(first);
        expect(travelled.toText()).toBe(both.toText());
        expect(travelled.isEmpty).toBe(a.length + b.length === 0);
      }),
    );
  });

  test('travel as few bytes while they are few', () => {
    const sketch = new HyperLogLog(12);
    for (let index = 0; index < 10; index++) add(sketch, String(index));
    expect(sketch.toText().length).toBeLessThan(50);
    for (let index = 0; index < 100_000; index++) add(sketch, String(index));
    expect(sketch.toText().length).toBeLessThan(5_500);
    expect(HyperLogLog.fromText(12, sketch.toText()).count()).toBe(sketch.count());
  });

  test('a text that is none is refused', () => {
    for (const text of ['', 'x', 'rAAAA', 'sAA==', `s${Buffer.from([0xff, 0xff, 1]).toString('base64')}`])
      expect(() => HyperLogLog.fromText(4, text)).toThrow(RangeError);
    expect(() => HyperLogLog.fromText(4, `s${Buffer.from([0, 1, 200]).toString('base64')}`)).toThrow(RangeError);
    expect(() => new HyperLogLog(3)).toThrow(RangeError);
    expect(() => new HyperLogLog(4).merge(new HyperLogLog(5))).toThrow(RangeError);
  });
});

test('counts by label have a bound, and what is over it counts as other', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.integer({ min: 1, max: 9 }))), (things) => {
      const counts = new Counts(8);
      for (const [name, weight] of things) counts.add(name, weight);
      const again = new Counts(8);
      again.merge(Counts.fromJson(8, counts.toJson()));
      for (const one of [counts, again]) {
        expect(one.size).toBeLessThanOrEqual(8);
        expect(one.total).toBe(things.reduce((sum, [, weight]) => sum + weight, 0));
      }
    }),
  );
  const long = new Counts(8);
  long.add('x'.repeat(500));
  expect(long.entries()).toEqual([['other', 1]]);
});
