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
