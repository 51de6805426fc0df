import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

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
