import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { type CgroupFolders, findCgroup, parseCfsQuota, parseCpuMax, type ReadText } from './cgroup.ts';
import { readProc } from './read-proc.ts';

export interface Quota {
  cores: number;
  folder: string;
}

/** A cgroup may use what it is granted, and no more than any of its ancestors. */
export function tightestQuota(read: ReadText, folders: CgroupFolders | undefined): Quota | undefined {
  let tightest: Quota | undefined;
  for (const folder of folders?.cpu ?? []) {
    const text = (file: string): string => read(posix.join(folder, file)) ?? '';
    const cores =
      folders?.version === 2
        ? parseCpuMax(text('cpu.max'))
        : parseCfsQuota(text('cpu.cfs_quota_us'), text('cpu.cfs_period_us'));
    if (cores !== undefined && cores < (tightest?.cores ?? Number.POSITIVE_INFINITY)) tightest = { cores, folder };
  }
  return tightest;
}

/** Cores that this process may use: CPU affinity, lowered by the quota of its cgroup or an ancestor (0.5 of a core is 0.5). */
export function usableCores(read: ReadText = readProc): number {
  const folders = findCgroup(read('/proc/self/cgroup') ?? '', read);
  return Math.min(availableParallelism(), tightestQuota(read, folders)?.cores ?? Number.POSITIVE_INFINITY);
}
