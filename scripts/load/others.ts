import { parseCpuTimes } from '../../src/engine/host/proc.ts';
import { readProc } from '../../src/engine/host/read-proc.ts';
import { treeCpuSeconds } from './processes.ts';

const TICKS_PER_SECOND = 100;

/** Ticks of all CPUs since the boot, and those of this process and all that it started. */
function reading(): { all: number; busy: number; own: number } {
  const cpus = [...parseCpuTimes(readProc('/proc/stat') ?? '').values()];
  const all = cpus.reduce((sum, { total }) => sum + total, 0);
  return {
    all,
    busy: all - cpus.reduce((sum, { idle }) => sum + idle, 0),
    own: TICKS_PER_SECOND * treeCpuSeconds(process.pid),
  };
}

/**
 * From now on: which share of all the CPU time there is goes to programs that this process did not start, and to other
 * machines of the same host, 0 to 1. 0 where the kernel does not say.
 */
export function watchOthers(): () => number {
  const before = reading();
  return () => {
    const now = reading();
    const all = now.all - before.all;
    const others = now.busy - before.busy - (now.own - before.own);
    return all > 0 ? Math.min(1, Math.max(0, others / all)) : 0;
  };
}
