import { describe, expect, test } from '@jest/globals';
import { boundedConnections, openFilesLimit, openFilesWarning } from '../../src/engine/open-files.ts';

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             100                  100                  processes \nMax open files            ${soft.padEnd(20)} 524288               files     \n`;

describe('the limit of open files', () => {
  test.each([
    ['20000', 20_000],
    ['unlimited', Number.POSITIVE_INFINITY],
  ])('%s is read from the kernel', (soft, limit) => {
    expect(openFilesLimit(() => limits(soft))).toBe(limit);
  });

  test('is none where nobody tells', () => {
    const missing = (): string => {
      throw new Error('ENOENT');
    };
    expect(openFilesLimit(missing)).toBe(Number.POSITIVE_INFINITY);
    expect(openFilesLimit(() => 'something else')).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([
    [20_000, Number.POSITIVE_INFINITY, 20_000],
    [20_000, 1_048_576, 20_000],
    [20_000, 20_000, 18_750],
    [20_000, 1_024, 896],
    [20_000, 256, 128],
    [20_000, 100, 50],
    [50, 256, 50],
  ])('lets a process that is set to %d connections and may open %d files have %d', (set, limit, connections) => {
    expect(boundedConnections(set, limit)).toBe(connections);
  });

  test('is told at the start where it is too low, with what to raise', () => {
    expect(openFilesWarning(20_000, 1_048_576)).toBeUndefined();
    expect(openFilesWarning(20_000, 256)).toMatch(
      /256 files.*128 connections.*TAHAN_MAX_CONNECTIONS=20000.*LimitNOFILE/,
    );
  });
});
