import { availableParallelism } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { usableCores } from '../../../src/engine/host/quota.ts';

/** A machine whose files are these; any other is not there. */
const cores = (files: Record<string, string>): number => usableCores((path) => files[path]);

describe('the usable cores', () => {
  test('are lowered by the quota of the cgroup that the process is in: systemd’s CPUQuota=50% (version 2)', () => {
    const unit = '/sys/fs/cgroup/system.slice/tahan.service';
    expect(
      cores({
        '/proc/self/cgroup': '0::/system.slice/tahan.service\n',
        [`${unit}/cpu.max`]: '50000 100000\n',
        [`${unit}/cpu.stat`]: 'usage_usec 1\n',
      }),
    ).toBe(0.5);
  });

  test('are lowered by an ancestor that grants less', () => {
    const files = (own: string, slice: string) => ({
      '/proc/self/cgroup': '0::/web.slice/tahan.service\n',
      '/sys/fs/cgroup/web.slice/tahan.service/cpu.max': own,
      '/sys/fs/cgroup/web.slice/tahan.service/cpu.stat': '',
      '/sys/fs/cgroup/web.slice/cpu.max': slice,
      '/sys/fs/cgroup/web.slice/cpu.stat': '',
    });
    expect(cores(files('max 100000\n', '30000 100000\n'))).toBe(0.3);
    expect(cores(files('20000 100000\n', '30000 100000\n'))).toBe(0.2);
  });

  test('are lowered by version 1, too', () => {
    const folder = '/sys/fs/cgroup/cpu/system.slice/tahan.service';
    expect(
      cores({
        '/proc/self/cgroup': '4:cpu,cpuacct:/system.slice/tahan.service\n1:name=systemd:/system.slice/tahan.service\n',
        [`${folder}/cpu.cfs_quota_us`]: '25000\n',
        [`${folder}/cpu.cfs_period_us`]: '100000\n',
      }),
    ).toBe(0.25);
  });

  test('are those of the machine where no cgroup limits them', () => {
    expect(cores({})).toBe(availableParallelism());
    expect(
      cores({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n', '/sys/fs/cgroup/cpu.stat': '' }),
    ).toBe(availableParallelism());
  });
});
