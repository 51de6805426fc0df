import { describe, expect, test } from '@jest/globals';
import {
  fittingProcesses,
  MEMORY_DEFAULTS,
  memoryGuard,
  NO_RECYCLES,
  rssLimits,
} from '../../../src/engine/primary/memory-guard.ts';
import { serving } from './views.ts';

const MIB = 2 ** 20;
const options = { ...MEMORY_DEFAULTS, softBytes: 300 * MIB, hardBytes: 400 * MIB };
const NOW = 100_000;
const worker = (name: string, mib: number) => serving(name, NOW, { rssBytes: mib * MIB });

describe('the memory guard', () => {
  test('leaves workers alone that are under the limits', () => {
    expect(memoryGuard([worker('worker-1', 200)], false, NO_RECYCLES, NOW, options).recycle).toBeUndefined();
  });

  test('recycles the biggest over the soft limit gently, one at a time', () => {
    const workers = [worker('worker-1', 310), worker('worker-2', 350)];
    const first = memoryGuard(workers, false, NO_RECYCLES, NOW, options);
    expect(first.recycle).toEqual({
      name: 'worker-2',
      how: 'gentle',
      reason: 'worker-2 uses 350 MiB, over the soft limit of 300 MiB',
    });
    expect(memoryGuard(workers, false, first.state, NOW + 1_000, options).recycle).toBeUndefined();
    expect(memoryGuard(workers, false, first.state, NOW + 31_000, options).recycle?.name).toBe('worker-2');
  });

  test('waits with it while the fleet is in the middle of something', () => {
    expect(memoryGuard([worker('worker-1', 350)], true, NO_RECYCLES, NOW, options).recycle).toBeUndefined();
  });

  test('does not recycle for ever a site that is over the soft limit from its start', () => {
    const young = { ...worker('worker-1', 350), servingAt: NOW - 5_000 };
    expect(memoryGuard([young], false, NO_RECYCLES, NOW, options).recycle).toBeUndefined();
  });

  test('ends a worker over the hard limit at once, in whatever state and whatever else goes on', () => {
    const draining = { ...worker('worker-1', 450), state: 'draining' as const };
    expect(memoryGuard([draining], true, NO_RECYCLES, NOW, options).recycle).toMatchObject({
      name: 'worker-1',
      how: 'now',
    });
  });

  test('does nothing without limits', () => {
    expect(memoryGuard([worker('worker-1', 9_000)], false, NO_RECYCLES, NOW, MEMORY_DEFAULTS).recycle).toBeUndefined();
  });

  test('derives limits that keep all workers within the memory', () => {
    const none = { softBytes: undefined, hardBytes: undefined };
    const { softBytes, hardBytes } = rssLimits(none, 8_000 * MIB, 4);
    expect(hardBytes * 4).toBeLessThanOrEqual(8_000 * MIB * 0.85);
    expect(softBytes).toBeLessThan(hardBytes);
    // A small machine: a worker that is well has more than its share.
    expect(rssLimits(none, 2_048 * MIB, 4)).toEqual({ softBytes: 768 * MIB, hardBytes: 1_024 * MIB });
    expect(rssLimits(none, 1_024 * MIB, 3)).toEqual({ softBytes: 384 * MIB, hardBytes: 512 * MIB });
    expect(rssLimits(none, undefined, 3)).toEqual({ softBytes: 0, hardBytes: 0 });
    // What is given counts, and a hard limit that is not given stays above it.
    expect(rssLimits({ softBytes: 600 * MIB, hardBytes: undefined }, 512 * MIB, 3).hardBytes).toBe(800 * MIB);
    expect(rssLimits({ softBytes: undefined, hardBytes: 400 * MIB }, 512 * MIB, 3).softBytes).toBe(300 * MIB);
  });
});

describe('room for more processes', () => {
  const memory = (availableMib: number) => ({
    memoryLimitBytes: 1_000 * MIB,
    memoryAvailableBytes: availableMib * MIB,
  });

  test('is what is left under the share of the limit', () => {
    expect(fittingProcesses(memory(600), 100 * MIB, 9, 0.85).fit).toBe(4);
    expect(fittingProcesses(memory(600), 100 * MIB, 2, 0.85).fit).toBe(2);
    expect(fittingProcesses(memory(200), 100 * MIB, 2, 0.85)).toEqual({
      fit: 0,
      why: '800 MiB of 1000 MiB used, a worker takes 100 MiB, the bound is 85 %',
    });
  });

  test('is unlimited where the memory is not known', () => {
    expect(
      fittingProcesses({ memoryLimitBytes: undefined, memoryAvailableBytes: undefined }, 100 * MIB, 3, 0.85).fit,
    ).toBe(3);
  });
});
