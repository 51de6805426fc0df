import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { judge } from '../../../src/engine/doctor/judge.ts';
import { doctorLines } from '../../../src/engine/doctor/lines.ts';
import { readMachine, swapUsedMb } from '../../../src/engine/doctor/read-machine.ts';
import type { Readings, Wanted } from '../../../src/engine/doctor/readings.ts';

const WANTED: Wanted = { maxConnections: 20_000, backlog: 4_096, workersMax: 2, storeBytes: 268_435_456 };
const WELL: Readings = {
  openFiles: 1_048_576,
  somaxconn: 4_096,
  synBacklog: 4_096,
  synCookies: 1,
  cores: 2,
  quotaCores: undefined,
  memoryAvailableMb: 4_000,
  swapUsedMb: 0,
  stealShare: 0,
  busyShare: 0.1,
  fsyncMs: 2,
  diskFreeMb: 10_000,
  dataDir: '/data',
  clockSource: 'tsc',
};

const hurting = (over: Partial<Readings>): string[] =>
  judge({ ...WELL, ...over }, WANTED)
    .filter(({ is }) => is === 'hurts')
    .map(({ name }) => name);

describe('the doctor', () => {
  test('finds nothing on a good machine', () => {
    expect(hurting({})).toEqual([]);
    expect(doctorLines(judge(WELL, WANTED)).at(-1)).toBe('Nothing of this machine will hurt in a surge.');
  });

  test.each<[Partial<Readings>, string]>([
    [{ openFiles: 1_024 }, 'open files (ulimit -n)'],
    [{ somaxconn: 128 }, 'net.core.somaxconn'],
    [{ synBacklog: 128, synCookies: 0 }, 'net.ipv4.tcp_max_syn_backlog'],
    [{ quotaCores: 0.5 }, 'CPU quota'],
    [{ cores: 1 }, 'CPU quota'],
    [{ memoryAvailableMb: 500 }, 'memory'],
    [{ swapUsedMb: 500 }, 'swap'],
    [{ fsyncMs: 60 }, 'fsync in the data folder'],
    [{ diskFreeMb: 300 }, 'room on the disk'],
    [{ stealShare: 0.1 }, 'stolen CPU time'],
    [{ busyShare: 0.9 }, 'CPU in use now'],
    [{ clockSource: 'acpi_pm' }, 'clock source'],
  ])('finds %j, and that only', (over, name) => {
    expect(hurting(over)).toEqual([name]);
  });

  test('SYN cookies make up for a short SYN backlog', () => {
    expect(hurting({ synBacklog: 128, synCookies: 1 })).toEqual([]);
  });

  test('says what it saw, what it wants and what to type', () => {
    const lines = doctorLines(judge({ ...WELL, somaxconn: 128 }, WANTED)).join('\n');
    expect(lines).toMatch(/✗ net\.core\.somaxconn +128; wanted: 4096 or more/);
    expect(lines).toContain('sysctl -w net.core.somaxconn=4096');
    expect(lines).toContain('1 of 11 will hurt');
  });

  test('does not blame what the machine does not say', () => {
    const unknown = Object.fromEntries(
      Object.entries(WELL).map(([key, value]) => [key, key === 'cores' || key === 'dataDir' ? value : undefined]),
    ) as unknown as Readings;
    const findings = judge(unknown, WANTED);
    expect(findings.filter(({ is }) => is === 'hurts')).toEqual([]);
    expect(findings.filter(({ is }) => is === 'unknown').length).toBe(10);
  });

  test('reads swap where there is some', () => {
    expect(swapUsedMb('SwapTotal:  2048 kB\nSwapFree:  1024 kB\n')).toBe(1);
    expect(swapUsedMb('nothing')).toBeUndefined();
  });

  test('reads this machine, and leaves nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tahan-doctor-'));
    const readings = await readMachine(folder);
    expect(readings.fsyncMs).toBeGreaterThan(0);
    expect(readings.cores).toBeGreaterThanOrEqual(1);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});
