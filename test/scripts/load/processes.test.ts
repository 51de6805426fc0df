import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { treeCpuSeconds } from '../../../scripts/load/processes.ts';

const BURN = 'const until = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < until);';

describe('CPU time of a tree of processes', () => {
  test('has that of children which have ended', async () => {
    const before = treeCpuSeconds(process.pid);
    await once(spawn(process.execPath, ['-e', BURN], { stdio: 'ignore' }), 'exit');
    expect(treeCpuSeconds(process.pid) - before).toBeGreaterThan(0.25);
  });
});
