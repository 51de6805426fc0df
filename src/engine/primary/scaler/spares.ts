import type { HostSample } from '../../host/host.ts';
import { fittingProcesses, workerBytes } from '../memory-guard.ts';
import { isServing, type WorkerState, type WorkerView } from '../view.ts';
import type { ScalerOptions } from './options.ts';

/**
 * How many warm spares to keep beside the serving workers, at most `spare`. A missing one is not forked without an idle
 * core (its start takes one for some 300 ms that the visitors need) or without memory. At the maximum it only takes the
 * place of a worker that dies: there it is forked in calm times alone. One that stands by already is kept.
 */
export function sparesWanted(
  input: { workers: readonly WorkerView[]; host: HostSample; target: number; max: number; spare: number },
  options: ScalerOptions,
): number {
  const { workers, host, target, max, spare } = input;
  const count = (...states: WorkerState[]): number => workers.filter(({ state }) => states.includes(state)).length;
  // Those that are about to take a place do not stand by.
  const short = Math.max(0, target - count('serving', 'promoting'));
  const there = Math.max(0, count('spare', 'starting') - short);
  if (there >= spare) return spare;
  const idle = host.idleCores === undefined || host.idleCores >= options.spareIdleCores;
  const fits = fittingProcesses(host, workerBytes(workers), 1, options.memoryShare).fit > 0;
  const calm = workers.every((worker) => !isServing(worker) || (worker.beat?.elu ?? 1) < options.calmElu);
  return idle && fits && (target < max || calm) ? spare : there;
}
