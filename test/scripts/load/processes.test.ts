import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { othersOf } from '../../../scripts/load/others.ts';
import { treeCpuSeconds } from '../../../scripts/load/processes.ts';

const BURN = 'const until = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < until);';

describe('CPU time of a tree of processes', () => {
  test('has that of children which have ended', async () => {
    const before = treeCpuSeconds(process.pid);
    await once(spawn(process.execPath, ['-e', BURN], { stdio: 'ignore' }), 'exit');
    expect(treeCpuSeconds(process.pid) - before).toBeGreaterThan(0.25);
  });
});

describe('what other programs take', () => {
  test.each([
    [
      { all: 100, busy: 60, own: 50 },
      { share: 0.1, ofTheRest: 0.2 },
    ],
    [
      { all: 100, busy: 100, own: 50 },
      { share: 0.5, ofTheRest: 1 },
    ],
    // The two counts are not of one moment.
    [
      { all: 100, busy: 50, own: 51 },
      { share: 0, ofTheRest: 0 },
    ],
    [
      { all: 0, busy: 0, own: 0 },
      { share: 0, ofTheRest: 0 },
    ],
  ])('%j: %j', (used, others) => {
    expect(othersOf(used)).toEqual(others);
  });
});
