import { describe, expect, test } from '@jest/globals';
import {
  findCgroup,
  parseCfsQuota,
  parseCpuMax,
  parseCpuStat,
  parseLimit,
  parseReclaimable,
} from '../../../src/engine/host/cgroup.ts';
import { createHostReader } from '../../../src/engine/host/host.ts';
import {
  cpuBetween,
  parseAffinity,
  parseCpuList,
  parseCpuTimes,
  parseMeminfo,
  parsePressure,
} from '../../../src/engine/host/proc.ts';
import { readProc } from '../../../src/engine/host/read-proc.ts';

/** From a VM with two CPUs, Linux 6.18. */
const STAT = `cpu  101997 71 14228 662042 949 0 1389 725 0 0
cpu0 76647 21 5475 308775 183 0 603 299 0 0
cpu1 25350 49 8752 353267 765 0 785 425 0 0
intr 1961798 0 0 0 0 0 0 0
ctxt 4711
`;
/** Half a second (50 ticks) later: CPU 0 worked for 40 and lost 10, CPU 1 stood idle, 5 of it waiting for a disk. */
const STAT_LATER = `cpu  102037 71 14228 662087 954 0 1389 735 0 0
cpu0 76687 21 5475 308775 183 0 603 309 0 0
cpu1 25350 49 8752 353312 770 0 785 425 0 0
intr 1961999 0 0 0 0 0 0 0
`;
const MEMINFO = `MemTotal:       24684084 kB
MemFree:        23597588 kB
MemAvailable:   23931400 kB
Buffers:            3936 kB
`;
const PRESSURE = `some avg10=6.03 avg60=12.40 avg300=8.63 total=122114179
full avg10=0.00 avg60=0.00 avg300=0.00 total=0
`;
const STATUS = 'Name:\tnode\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\nMems_allowed_list:\t0\n';
const CPU_STAT_V2 = `usage_usec 5000000
user_usec 4000000
system_usec 1000000
nr_periods 100
nr_throttled 10
throttled_usec 250000
nr_bursts 0
burst_usec 0
`;

describe('parsers', () => {
  test('CPU times per CPU; waiting for a disk is idle', () => {
    const times = parseCpuTimes(STAT);
    expect([...times.keys()]).toEqual([0, 1]);
    expect(times.get(1)).toEqual({
      idle: 353_267 + 765,
      steal: 425,
      total: 25_350 + 49 + 8_752 + 353_267 + 765 + 785 + 425,
    });
    expect(parseCpuTimes('no such thing').size).toBe(0);
  });

  test('idle cores and steal between two readings, over the allowed CPUs', () => {
    const [before, after] = [parseCpuTimes(STAT), parseCpuTimes(STAT_LATER)];
    expect(cpuBetween(before, after, undefined)).toEqual({ idleCores: 1, stealShare: 0.1, stolenOfWanted: 0.2 });
    expect(cpuBetween(before, after, new Set([0]))).toEqual({ idleCores: 0, stealShare: 0.2, stolenOfWanted: 0.2 });
    expect(cpuBetween(before, before, undefined)).toBeUndefined();
  });

  test('an idle time that goes back does not count as negative', () => {
    const before = new Map([[0, { idle: 100, steal: 0, total: 200 }]]);
    const after = new Map([[0, { idle: 99, steal: 0, total: 210 }]]);
    expect(cpuBetween(before, after, undefined)?.idleCores).toBe(0);
  });

  test('lists of CPUs', () => {
    expect([...parseCpuList('0-2,5\n')]).toEqual([0, 1, 2, 5]);
    expect([...parseCpuList('')]).toEqual([]);
    expect(parseCpuList('0-99999').size).toBe(4_096);
    expect([...(parseAffinity(STATUS) ?? [])]).toEqual([0, 1]);
    expect(parseAffinity('Name: x')).toBeUndefined();
  });

  test('memory and pressure', () => {
    expect(parseMeminfo(MEMINFO)).toEqual({ totalBytes: 24_684_084 * 1_024, availableBytes: 23_931_400 * 1_024 });
    expect(parseMeminfo('')).toEqual({ totalBytes: undefined, availableBytes: undefined });
    expect(parsePressure(PRESSURE)).toBe(6.03);
    expect(parsePressure('')).toBeUndefined();
  });

  test('quotas of both cgroup versions', () => {
    expect(parseCpuMax('50000 100000\n')).toBe(0.5);
    expect(parseCpuMax('max 100000\n')).toBeUndefined();
    expect(parseCfsQuota('150000\n', '100000\n')).toBe(1.5);
    expect(parseCfsQuota('-1\n', '100000\n')).toBeUndefined();
    expect(parseCfsQuota('', '')).toBeUndefined();
  });

  test('throttling of both cgroup versions, in ms', () => {
    expect(parseCpuStat(CPU_STAT_V2)).toEqual({ usageMs: 5_000, periods: 100, throttledPeriods: 10, throttledMs: 250 });
    expect(parseCpuStat('nr_periods 8\nnr_throttled 2\nthrottled_time 3000000\n')).toEqual({
      usageMs: undefined,
      periods: 8,
      throttledPeriods: 2,
      throttledMs: 3,
    });
  });

  test('limits: max and the number that means none', () => {
    expect(parseLimit('536870912\n')).toBe(536_870_912);
    expect(parseLimit('max\n')).toBeUndefined();
    expect(parseLimit('9223372036854771712\n')).toBeUndefined();
    expect(parseReclaimable('anon 5\ninactive_file 4096\n')).toBe(4_096);
    expect(parseReclaimable('inactive_file 4096\ntotal_inactive_file 8192\n')).toBe(8_192);
  });

  test('the folders of a cgroup and its ancestors, in either version', () => {
    const v2: Record<string, string> = {
      '/sys/fs/cgroup/cpu.stat': '',
      '/sys/fs/cgroup/a/cpu.stat': '',
      '/sys/fs/cgroup/a/memory.current': '1',
    };
    expect(findCgroup('0::/a/b\n', (path) => v2[path])).toEqual({
      version: 2,
      cpu: ['/sys/fs/cgroup/a', '/sys/fs/cgroup'],
      memory: ['/sys/fs/cgroup/a'],
    });
    const v1: Record<string, string> = {
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
      '/sys/fs/cgroup/memory/x/memory.limit_in_bytes': '1',
    };
    expect(findCgroup('4:memory:/x\n2:cpu,cpuacct:/y\n0::/\n', (path) => v1[path])).toEqual({
      version: 1,
      cpu: ['/sys/fs/cgroup/cpu'],
      memory: ['/sys/fs/cgroup/memory/x'],
    });
    expect(findCgroup('', () => undefined)).toBeUndefined();
  });
});

describe('the reader', () => {
  const files = (changes: Record<string, string> = {}): Record<string, string> => ({
    '/proc/stat': STAT,
    '/proc/meminfo': MEMINFO,
    '/proc/pressure/cpu': PRESSURE,
    '/proc/pressure/memory': PRESSURE,
    '/proc/self/status': STATUS,
    '/proc/self/cgroup': '0::/\n',
    ...changes,
  });

  test('tells idle cores, less what would be stolen, from two readings', () => {
    const there = files();
    const read = createHostReader((path) => there[path]);
    expect(read(0).idleCores).toBeUndefined();
    there['/proc/stat'] = STAT_LATER;
    expect(read(500)).toMatchObject({
      idleCores: 0.8,
      stealShare: 0.1,
      cpuPressure: 6.03,
      quotaCores: undefined,
      memoryLimitBytes: 24_684_084 * 1_024,
    });
  });

  test('takes the cgroup for the whole where that is smaller', () => {
    const there = files({
      '/sys/fs/cgroup/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/cpu.stat': CPU_STAT_V2,
      '/sys/fs/cgroup/memory.current': '400000000\n',
      '/sys/fs/cgroup/memory.max': '500000000\n',
      '/sys/fs/cgroup/memory.stat': 'inactive_file 100000000\n',
    });
    const read = createHostReader((path) => there[path]);
    read(0);
    there['/proc/stat'] = STAT_LATER;
    // 0.5 s of CPU in 0.5 s: one core of the 1.5 is used; throttled in 2 of 5 periods.
    there['/sys/fs/cgroup/cpu.stat'] = 'usage_usec 5500000\nnr_periods 105\nnr_throttled 12\nthrottled_usec 300000\n';
    const sample = read(500);
    expect(sample).toMatchObject({
      idleCores: 0.5,
      quotaCores: 1.5,
      throttledShare: 0.4,
      throttledMs: 50,
      memoryLimitBytes: 500_000_000,
      memoryAvailableBytes: 200_000_000,
    });
  });

  test('keeps a window of half a second, and does not read faster than its spacing', () => {
    let reads = 0;
    const read = createHostReader((path) => {
      if (path === '/proc/stat') reads += 1;
      return path === '/proc/stat' ? STAT : undefined;
    });
    for (let now = 0; now <= 10_000; now += 10) read(now);
    expect(reads).toBe(201);
  });

  test('knows nothing, and says so, where nothing can be read', () => {
    const read = createHostReader(() => undefined);
    read(0);
    expect(Object.values(read(1_000)).every((value) => value === undefined)).toBe(true);
  });

  test('does not throw for a file that is not there, or a folder', () => {
    expect(readProc('/no/such/file')).toBeUndefined();
    expect(readProc('/')).toBeUndefined();
  });
});
