import { expect, test } from '@jest/globals';
import { PurgeLog } from '../../../src/engine/cache/purge-log.ts';

test('a log that is full forgets which tag was purged, but never that one was', () => {
  const log = new PurgeLog(2);
  log.note('a', true, 10);
  log.note('b', true, 20);
  expect(log.verdict(['other'], 5)).toBe('clean');
  log.note('c', true, 30);
  expect(log.verdict(['other'], 5)).toBe('hard');
  expect(log.verdict(['other'], 11)).toBe('clean');
  expect(log.verdict(['b'], 11)).toBe('hard');
  expect(log.verdict([], 5)).toBe('clean');
});

test('a late note of an earlier purge changes nothing', () => {
  const log = new PurgeLog();
  log.note('a', false, 20);
  log.note('a', false, 10);
  expect(log.verdict(['a'], 20)).toBe('soft');
  expect(log.verdict(['a'], 21)).toBe('clean');
});

test('tells when a tag, or any tag, was last purged', () => {
  const log = new PurgeLog(2);
  expect([log.last, log.lastOf(['a'])]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  log.note('a', false, 5);
  log.note('a', true, 3);
  log.note('b', true, 9);
  expect([log.last, log.lastOf(['a']), log.lastOf(['b', 'a']), log.lastOf(['c'])]).toEqual([
    9,
    5,
    9,
    Number.NEGATIVE_INFINITY,
  ]);
  expect(log.lastOf([])).toBe(Number.NEGATIVE_INFINITY);
  for (const tag of ['d', 'e']) log.note(tag, false, 1);
  // Forgotten: it may have been any tag.
  expect(log.lastOf(['c'])).toBe(5);
});
