import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** Who runs where: the measured server on the first core, the generator on the last; `all`: not pinned. */
export type Place = 'server' | 'generator' | 'all';

const CORES = availableParallelism();
const PINNING = CORES >= 2 && spawnSync('taskset', ['-V']).status === 0;

/** Command and arguments that start a program on its core; unpinned where the machine has one core or no taskset. */
export function pinned(place: Place, command: string, args: readonly string[]): [command: string, args: string[]] {
  if (!PINNING || place === 'all') return [command, [...args]];
  return ['taskset', ['-c', place === 'server' ? '0' : String(CORES - 1), command, ...args]];
}

/** One line for the report. */
export function placement(): string {
  return PINNING ? `server on core 0, generator on core ${CORES - 1} of ${CORES}` : `not pinned, ${CORES} core(s)`;
}

/** Share of all cores' time that was in use over the next `ms`, percent: what others do to the numbers. */
export async function busyPercent(ms: number): Promise<number> {
  const times = (): { idle: number; all: number } => {
    let idle = 0;
    let all = 0;
    for (const { times: core } of cpus()) {
      idle += core.idle;
      all += core.user + core.nice + core.sys + core.irq + core.idle;
    }
    return { idle, all };
  };
  const before = times();
  await delay(ms);
  const after = times();
  const all = after.all - before.all;
  return all === 0 ? 0 : 100 * (1 - (after.idle - before.idle) / all);
}
