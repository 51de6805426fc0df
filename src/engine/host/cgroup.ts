import { posix } from 'node:path';

/** Reads a small text file; undefined when it is not there or may not be read. */
export type ReadText = (path: string) => string | undefined;

/** Where the limits of this process are; more folders than one when an ancestor may hold the tighter limit. */
export interface CgroupFolders {
  version: 1 | 2;
  cpu: readonly string[];
  memory: readonly string[];
}

const ROOT = '/sys/fs/cgroup';
const MAX_DEPTH = 16;

/** The folder of a cgroup and its ancestors up to the mount, nearest first; a container sees only the mount itself. */
function ancestry(mount: string, path: string): string[] {
  const folders: string[] = [];
  for (let at = posix.normalize(path); folders.length < MAX_DEPTH; at = posix.dirname(at)) {
    folders.push(at === '/' ? mount : posix.join(mount, at));
    if (at === '/' || at === '.') break;
  }
  return folders;
}

/**
 * Folders of the limits from the text of /proc/self/cgroup, version 2 or 1; those without `probe` files are left out.
 * A machine with both (hybrid) keeps its controllers in version 1.
 */
export function findCgroup(text: string, read: ReadText): CgroupFolders | undefined {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  const holding = (folders: string[], file: string): string[] =>
    folders.filter((folder) => read(posix.join(folder, file)) !== undefined);
  const cpu = holding(ancestry(`${ROOT}/cpu`, paths.get('cpu') ?? '/'), 'cpu.cfs_quota_us');
  const memory = holding(ancestry(`${ROOT}/memory`, paths.get('memory') ?? '/'), 'memory.limit_in_bytes');
  if (cpu.length > 0 || memory.length > 0) return { version: 1, cpu, memory };
  const unified = ancestry(ROOT, paths.get('') ?? '/');
  const cpu2 = holding(unified, 'cpu.stat');
  const memory2 = holding(unified, 'memory.current');
  return cpu2.length > 0 || memory2.length > 0 ? { version: 2, cpu: cpu2, memory: memory2 } : undefined;
}

/** Cores that cpu.max grants (`50000 100000` is 0.5 of a core); undefined: `max`, no limit. */
export function parseCpuMax(text: string): number | undefined {
  const match = /^(\d+) (\d+)\s*$/.exec(text);
  return match === null || Number(match[2]) === 0 ? undefined : Number(match[1]) / Number(match[2]);
}

/** The same in version 1: cpu.cfs_quota_us (-1: no limit) and cpu.cfs_period_us. */
export function parseCfsQuota(quota: string, period: string): number | undefined {
  const cores = Number(quota) / Number(period);
  return Number.isFinite(cores) && cores > 0 ? cores : undefined;
}

export interface CpuStat {
  /** CPU time used, ms; version 2 only. */
  usageMs: number | undefined;
  periods: number | undefined;
  throttledPeriods: number | undefined;
  throttledMs: number | undefined;
}

/** cpu.stat: version 2 counts in µs (usage_usec, throttled_usec), version 1 in ns (throttled_time). */
export function parseCpuStat(text: string): CpuStat {
  const { usage_usec, nr_periods, nr_throttled, throttled_usec, throttled_time } = keyed(text);
  return {
    usageMs: usage_usec === undefined ? undefined : usage_usec / 1e3,
    periods: nr_periods,
    throttledPeriods: nr_throttled,
    throttledMs:
      throttled_usec !== undefined
        ? throttled_usec / 1e3
        : throttled_time === undefined
          ? undefined
          : throttled_time / 1e6,
  };
}

/** Page cache that the kernel takes back first (memory.stat), bytes: it counts as used, but is as good as free. */
export function parseReclaimable(text: string): number {
  const { inactive_file, total_inactive_file } = keyed(text);
  return total_inactive_file ?? inactive_file ?? 0;
}

/** A number of bytes; undefined for `max` and for version 1's "no limit", a number near 2^63. */
export function parseLimit(text: string): number | undefined {
  const bytes = /^\d+\s*$/.test(text) ? Number(text) : undefined;
  return bytes === undefined || bytes >= 2 ** 60 ? undefined : bytes;
}

function keyed(text: string): Record<string, number | undefined> {
  const values: Record<string, number | undefined> = {};
  for (const line of text.split('\n')) {
    const match = /^(\w+) (\d+)$/.exec(line);
    if (match?.[1] !== undefined) values[match[1]] = Number(match[2]);
  }
  return values;
}
