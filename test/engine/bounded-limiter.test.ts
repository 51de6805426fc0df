import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { BoundedLimiter } from '../../src/engine/bounded-limiter.ts';

let limiter: BoundedLimiter;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  limiter = new BoundedLimiter({ keyPrefix: 'test', points: 2, duration: 10 }, 3);
});
afterEach(() => {
  jest.useRealTimers();
});

const take = (key: string): Promise<boolean> =>
  limiter.consume(key).then(
    () => true,
    () => false,
  );
const keys = (): string[] => limiter.dump().storage.map(({ key }) => String(key));

describe('a bounded limiter', () => {
  test('counts as the library does', async () => {
    expect([await take('a'), await take('a'), await take('a'), await take('b')]).toEqual([true, true, false, true]);
    jest.advanceTimersByTime(10_000);
    expect(await take('a')).toBe(true);
    await limiter.delete('a');
    expect([await take('a'), await take('a'), await take('a')]).toEqual([true, true, false]);
  });

  test('knows no more keys than it may, and forgets the one whose time would end first', async () => {
    for (let n = 0; n < 1_000; n += 1) await take(`name-${n}`);
    expect(keys()).toEqual(['name-997', 'name-998', 'name-999']);
  });

  test('does not forget a key for being used again, nor keep it for that', async () => {
    for (const key of ['a', 'b', 'c', 'a', 'a', 'b']) await take(key);
    expect(keys()).toEqual(['a', 'b', 'c']);
    await take('d');
    expect(keys()).toEqual(['b', 'c', 'd']);
  });

  test('counts the time of a key anew when it ended', async () => {
    await take('a');
    jest.advanceTimersByTime(6_000);
    for (const key of ['b', 'c']) await take(key);
    jest.advanceTimersByTime(4_000);
    await take('a');
    await take('d');
    expect(keys()).toEqual(['c', 'a', 'd']);
  });

  test('holds nothing of keys whose time is over, or that were given back', async () => {
    for (const key of ['a', 'b', 'c']) await take(key);
    jest.advanceTimersByTime(10_000);
    for (const key of ['x', 'y', 'z']) await take(key);
    await limiter.delete('y');
    await take('new');
    expect(keys()).toEqual(['x', 'z', 'new']);
  });

  test('gives a point back to a key that it knows, and makes no other key by it', async () => {
    expect([await take('a'), await take('a'), await take('a')]).toEqual([true, true, false]);
    for (let point = 0; point < 2; point += 1) await limiter.reward('a');
    expect([await take('a'), await take('a')]).toEqual([true, false]);
    for (let n = 0; n < 10; n += 1) await limiter.reward(`other-${n}`);
    expect(keys()).toEqual(['a']);
  });

  test('takes whatever is sent as a key', async () => {
    for (const key of ['__proto__', 'constructor', '', 'ä'.repeat(10_000)]) {
      expect([await take(key), await take(key), await take(key)]).toEqual([true, true, false]);
    }
    expect(keys()).toHaveLength(3);
  });
});
