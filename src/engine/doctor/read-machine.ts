import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findCgroup } from '../host/cgroup.ts';
import { cpuBetween, parseAffinity, parseCpuTimes, parseMeminfo } from '../host/proc.ts';
import { tightestQuota } from '../host/quota.ts';
import { readProc } from '../host/read-proc.ts';
import { openFilesLimit } from '../open-files.ts';
import type { Readings } from './readings.ts';

/** The machine is looked at for so long, ms. */
const LOOK_MS = 1_000;
const WRITES = 9;
const WRITE_BYTES = 4_096;

/** Looks at this machine for a second, and writes some small files to the data folder; it never throws. */
export async function readMachine(dataDir: string): Promise<Readings> {
  const before = parseCpuTimes(readProc('/proc/stat') ?? '');
  await delay(LOOK_MS);
  const after = parseCpuTimes(readProc('/proc/stat') ?? '');
  const allowed = parseAffinity(readProc('/proc/self/status') ?? '');
  const cpu = cpuBetween(before, after, allowed);
  const cores = availableParallelism();
  const meminfo = readProc('/proc/meminfo') ?? '';
  const { availableBytes } = parseMeminfo(meminfo);
  const limit = openFilesLimit();
  return {
    openFiles: Number.isFinite(limit) ? limit : undefined,
    somaxconn: numberIn('/proc/sys/net/core/somaxconn'),
    synBacklog: numberIn('/proc/sys/net/ipv4/tcp_max_syn_backlog'),
    synCookies: numberIn('/proc/sys/net/ipv4/tcp_syncookies'),
    cores,
    quotaCores: tightestQuota(readProc, findCgroup(readProc('/proc/self/cgroup') ?? '', readProc))?.cores,
    memoryAvailableMb: availableBytes === undefined ? undefined : availableBytes / 1_048_576,
    swapUsedMb: swapUsedMb(meminfo),
    stealShare: cpu?.stealShare,
    busyShare: cpu === undefined ? undefined : Math.max(0, 1 - cpu.idleCores / cores),
    fsyncMs: fsyncMs(dataDir),
    diskFreeMb: diskFreeMb(dataDir),
    dataDir,
    clockSource: readProc('/sys/devices/system/clocksource/clocksource0/current_clocksource')?.trim() || undefined,
  };
}

function numberIn(path: string): number | undefined {
  const text = readProc(path)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Swap in use, from the text of /proc/meminfo, MiB; undefined: it does not say. */
export function swapUsedMb(meminfo: string): number | undefined {
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1]);
  const used = kib('SwapTotal') - kib('SwapFree');
  return Number.isNaN(used) ? undefined : used / 1_024;
}

/** Median time of a write that is safe on the disk. The file is taken away again. */
function fsyncMs(dataDir: string): number | undefined {
  const path = join(existing(dataDir), `.doctor-${process.pid}`);
  let file: number | undefined;
  try {
    file = openSync(path, 'wx', 0o600);
    const bytes = Buffer.alloc(WRITE_BYTES, 1);
    const times: number[] = [];
    for (let write = 0; write < WRITES; write += 1) {
      const began = performance.now();
      writeSync(file, bytes);
      fsyncSync(file);
      times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b)[WRITES >> 1];
  } catch {
    return undefined; // said as "the machine does not say": the server itself tells why it cannot write there
  } finally {
    if (file !== undefined) {
      closeSync(file);
      rmSync(path, { force: true });
    }
  }
}

/** The folder, or where it is not there yet the one in which it will be made. */
function existing(folder: string): string {
  let at = folder;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

function diskFreeMb(dataDir: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(existing(dataDir));
    return (bavail * bsize) / 1_048_576;
  } catch {
    return undefined; // there is no such folder
  }
}
