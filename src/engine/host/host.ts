import { posix } from 'node:path';
import {
  type CgroupFolders,
  type CpuStat,
  findCgroup,
  parseCpuStat,
  parseLimit,
  parseReclaimable,
  type ReadText,
} from './cgroup.ts';
import { type CpuTimes, cpuBetween, parseAffinity, parseCpuTimes, parseMeminfo, parsePressure } from './proc.ts';
import { type Quota, tightestQuota } from './quota.ts';
import { readProc } from './read-proc.ts';

/** What the machine says of itself; undefined where it does not say. */
export interface HostSample {
  /**
   * Cores that a further worker could have now: idle ones among those allowed, less what the hypervisor steals, and
   * at most what is left of the cgroup's quota. Over the last half second or so.
   */
  idleCores: number | undefined;
  /** Share of the CPU time that the hypervisor gave to others, 0 to 1. */
  stealShare: number | undefined;
  /** Cores that the cgroup grants. */
  quotaCores: number | undefined;
  /** Share of the quota's periods in which this cgroup was stopped for having used it up, 0 to 1. */
  throttledShare: number | undefined;
  /** Time it was stopped since the reading before, ms. */
  throttledMs: number | undefined;
  /** Percent of the last 10 s in which some task waited for a CPU, or for memory (PSI). */
  cpuPressure: number | undefined;
  memoryPressure: number | undefined;
  /** Memory of the machine, or the cgroup's limit where that is lower, and what of it is free or can be freed at once. */
  memoryLimitBytes: number | undefined;
  memoryAvailableBytes: number | undefined;
}

/** The window of the CPU values, ms. /proc/stat counts in 10 ms: shorter ones are too coarse. */
const WINDOW_MS = 500;
/** Readings kept for it; readings closer than the spacing give the sample before. */
const SPACING_MS = 50;
const MAX_READINGS = WINDOW_MS / SPACING_MS + 2;
/** Memory and pressure change slowly, and cost as much to read as all the rest. */
const SLOW_EVERY_MS = 1_000;

interface Reading {
  at: number;
  cpus: Map<number, CpuTimes>;
  stat: CpuStat | undefined;
}

type Slow = Pick<
  HostSample,
  'quotaCores' | 'cpuPressure' | 'memoryPressure' | 'memoryLimitBytes' | 'memoryAvailableBytes'
>;

/**
 * Reads the host's signals; call it at each tick with the clock (ms). Some 60 µs, and 200 µs more once a second. It
 * never throws: a file that is not there leaves its fields undefined.
 */
export function createHostReader(read: ReadText = readProc): (now: number) => HostSample {
  const readings: Reading[] = [];
  let folders: CgroupFolders | undefined;
  let allowed: Set<number> | undefined;
  let quota: Quota | undefined;
  let slow: Slow | undefined;
  let slowAt = Number.NEGATIVE_INFINITY;
  let sample: HostSample | undefined;

  return (now) => {
    const last = readings.at(-1);
    if (sample !== undefined && last !== undefined && now - last.at < SPACING_MS) return sample;
    if (slow === undefined || now - slowAt >= SLOW_EVERY_MS) {
      folders ??= findCgroup(read('/proc/self/cgroup') ?? '', read);
      allowed = parseAffinity(read('/proc/self/status') ?? '');
      quota = tightestQuota(read, folders);
      slow = { quotaCores: quota?.cores, ...readSlow(read, folders) };
      slowAt = now;
    }
    const stat = quota === undefined ? undefined : readCpuStat(read, quota.folder);
    readings.push({ at: now, cpus: parseCpuTimes(read('/proc/stat') ?? ''), stat });
    while (readings.length > MAX_READINGS || (readings.length > 2 && now - readings[1]!.at >= WINDOW_MS))
      readings.shift();
    sample = { ...slow, ...fastOf(readings, allowed, slow.quotaCores) };
    return sample;
  };
}

function fastOf(
  readings: readonly Reading[],
  allowed: ReadonlySet<number> | undefined,
  quotaCores: number | undefined,
): Pick<HostSample, 'idleCores' | 'stealShare' | 'throttledShare' | 'throttledMs'> {
  const first = readings[0];
  const last = readings.at(-1);
  if (first === undefined || last === undefined || first === last) {
    return { idleCores: undefined, stealShare: undefined, throttledShare: undefined, throttledMs: undefined };
  }
  const cpu = cpuBetween(first.cpus, last.cpus, allowed);
  // An idle core of a machine that is stolen from is not all there: it will be stolen from too when it works.
  const idle = cpu === undefined ? undefined : cpu.idleCores * (1 - cpu.stolenOfWanted);
  const delta = (field: keyof CpuStat): number | undefined => {
    const [then, now] = [first.stat?.[field], last.stat?.[field]];
    return then === undefined || now === undefined ? undefined : Math.max(0, now - then);
  };
  const usedMs = delta('usageMs');
  const left =
    quotaCores === undefined || usedMs === undefined
      ? undefined
      : Math.max(0, quotaCores - usedMs / (last.at - first.at));
  const periods = delta('periods');
  const throttled = delta('throttledPeriods');
  return {
    idleCores: idle === undefined ? left : Math.min(idle, left ?? idle),
    stealShare: cpu?.stealShare,
    throttledShare:
      periods === undefined || throttled === undefined
        ? undefined
        : periods === 0
          ? 0
          : Math.min(1, throttled / periods),
    throttledMs: delta('throttledMs'),
  };
}

function readCpuStat(read: ReadText, folder: string): CpuStat | undefined {
  const text = read(posix.join(folder, 'cpu.stat'));
  if (text === undefined) return undefined;
  const stat = parseCpuStat(text);
  // Version 1 keeps the usage, in ns, in a file of its own; where cpu and cpuacct are mounted as one it is in the same folder.
  const usageNs = stat.usageMs === undefined ? parseLimit(read(posix.join(folder, 'cpuacct.usage')) ?? '') : undefined;
  return usageNs === undefined ? stat : { ...stat, usageMs: usageNs / 1e6 };
}

function readSlow(read: ReadText, folders: CgroupFolders | undefined): Omit<Slow, 'quotaCores'> {
  const machine = parseMeminfo(read('/proc/meminfo') ?? '');
  let limit = machine.totalBytes;
  let available = machine.availableBytes;
  const names =
    folders?.version === 2
      ? (['memory.max', 'memory.current'] as const)
      : (['memory.limit_in_bytes', 'memory.usage_in_bytes'] as const);
  for (const folder of folders?.memory ?? []) {
    const bound = parseLimit(read(posix.join(folder, names[0])) ?? '');
    const used = parseLimit(read(posix.join(folder, names[1])) ?? '');
    if (bound === undefined || used === undefined) continue;
    const reclaimable = parseReclaimable(read(posix.join(folder, 'memory.stat')) ?? '');
    limit = Math.min(limit ?? bound, bound);
    available = Math.min(available ?? bound, Math.max(0, bound - Math.max(0, used - reclaimable)));
  }
  return {
    cpuPressure: parsePressure(read('/proc/pressure/cpu') ?? ''),
    memoryPressure: parsePressure(read('/proc/pressure/memory') ?? ''),
    memoryLimitBytes: limit,
    memoryAvailableBytes: available,
  };
}
