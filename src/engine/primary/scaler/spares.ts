import type { HostSample } from '../host.ts';
import { fittingProcesses, workerBytes } from '../memory-guard.ts';
import type { WorkerView } from '../view.ts';
import type { ScalerOptions } from './options.ts';

/**
 * How many warm spares to keep beside `target` serving workers, at most `spare`. None at the maximum, where it could
 * not be promoted; a missing one is not forked without an idle core (its start takes one for some 300 ms that the
 * visitors need) or without memory. One that stands by already is kept.
 */
export function sparesWanted(
  input: { workers: readonly WorkerView[]; host: HostSample; target: number; max: number; spare: number },
  options: ScalerOptions,
): number {
  const { workers, host, target, max, spare } = input;
  if (target >= max) return 0;
  const there = workers.filter(({ state }) => state === 'spare' || state === 'starting').length;
  const wanted = Math.min(spare, max - target);
  if (there >= wanted) return wanted;
  const idle = host.idleCores === undefined || host.idleCores >= options.idleCores;
  const fits = fittingProcesses(host, workerBytes(workers), 1, options.memoryShare).fit > 0;
  return idle && fits ? wanted : there;
}
