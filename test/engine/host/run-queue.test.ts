import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseRunQueueMs, readRunQueueMs } from '../../../src/engine/host/run-queue.ts';

describe('the time that a process waits for a core', () => {
  test('is the second number of its schedstat, in ns', () => {
    expect(parseRunQueueMs('2205318541 41500000 2913\n')).toBe(41.5);
    expect(parseRunQueueMs('')).toBeUndefined();
    expect(parseRunQueueMs('1 2\n')).toBeUndefined();
    const read = (path: string): string | undefined => (path === '/proc/7/schedstat' ? '1 2000000 3\n' : undefined);
    expect(readRunQueueMs(7, read)).toBe(2);
    expect(readRunQueueMs(8, read)).toBeUndefined();
  });

  test('is not known of a process that is gone', () => {
    expect(readRunQueueMs(2 ** 30)).toBeUndefined();
  });

  (existsSync('/proc/self/schedstat') ? test : test.skip)('can be read of this process', () => {
    expect(readRunQueueMs(process.pid)).toBeGreaterThanOrEqual(0);
  });
});
