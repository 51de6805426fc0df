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

/** What programs that this process did not start, and other machines of the same host, take of the CPU time. */
export interface Others {
  /** Of all there is, 0 to 1. */
  share: number;
  /** Of what this process and its children leave, 0 to 1: 1 where somebody takes whatever is to be had. */
  ofTheRest: number;
}

/** Looks from now on until it is called. All 0 where the kernel does not say. */
export function watchOthers(): () => Others {
  const before = reading();
  return () => {
    const now = reading();
    return othersOf({ all: now.all - before.all, busy: now.busy - before.busy, own: now.own - before.own });
  };
}

/** CPU time: all there is, all that was used, and what was used by oneself. */
export function othersOf({ all, busy, own }: { all: number; busy: number; own: number }): Others {
  const others = Math.max(0, busy - own);
  const rest = others + Math.max(0, all - busy);
  return all > 0
    ? { share: Math.min(1, others / all), ofTheRest: rest > 0 ? others / rest : 0 }
    : { share: 0, ofTheRest: 0 };
}
