import { expect, test } from '@jest/globals';
import { KeysForATime } from '../../../src/engine/cache/keys-for-a-time.ts';

test('what was told of a key holds for its time, from when it was last told', () => {
  const clock = { now: 0 };
  const keys = new KeysForATime(100, 10, () => clock.now);
  keys.add('a');
  clock.now = 60;
  keys.add('a');
  clock.now = 159;
  expect([keys.has('a'), keys.has('b')]).toEqual([true, false]);
  clock.now = 160;
  expect(keys.has('a')).toBe(false);
});

test('so many keys are remembered; with one more all others are forgotten', () => {
  const keys = new KeysForATime(100, 2, () => 0);
  for (const key of ['a', 'b', 'c']) keys.add(key);
  expect(['a', 'b', 'c'].map((key) => keys.has(key))).toEqual([false, false, true]);
});
