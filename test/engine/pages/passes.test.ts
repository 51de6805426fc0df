import { expect, test } from '@jest/globals';
import { MAX_PASSES, PASS_MS, Passes } from '../../../src/engine/pages/passes.ts';

function set() {
  const clock = { now: 1_000 };
  const purgedAt = { any: Number.NEGATIVE_INFINITY, news: Number.NEGATIVE_INFINITY };
  const passes = new Passes(
    (tags) => (tags === undefined ? purgedAt.any : purgedAt.news),
    () => clock.now,
  );
  return { clock, purgedAt, passes };
}

test('a page is passed to the site for ten seconds', () => {
  const { clock, passes } = set();
  passes.add('a', 50, undefined);
  clock.now += PASS_MS - 1;
  expect([passes.has('a'), passes.has('b')]).toEqual([true, false]);
  clock.now += 1;
  expect([PASS_MS, passes.has('a')]).toEqual([10_000, false]);
});

test('a purge ends it, unless the render that found it out began after that', () => {
  const { purgedAt, passes } = set();
  passes.add('a', 50, undefined);
  passes.add('b', 50, ['news']);
  purgedAt.any = 49;
  expect([passes.has('a'), passes.has('b')]).toEqual([true, true]);
  purgedAt.any = 50;
  expect([passes.has('a'), passes.has('b')]).toEqual([false, true]);
  purgedAt.news = 50;
  expect(passes.has('b')).toBe(false);
});

test('so many are remembered; with one more all others are forgotten', () => {
  const { passes } = set();
  for (let n = 0; n < MAX_PASSES; n++) passes.add(`${n}`, 50, undefined);
  expect(passes.has('0')).toBe(true);
  passes.add('one more', 50, undefined);
  expect([passes.has('0'), passes.has(`${MAX_PASSES - 1}`), passes.has('one more')]).toEqual([false, false, true]);
});
