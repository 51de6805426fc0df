import { isBlocked, type Silence } from './silence.ts';
import { isServing, type WorkerView } from './view.ts';

/** Serving workers that still tell something. `floorMs`: TAHAN_SILENT_MS. */
export const answering = <Worker extends WorkerView>(
  workers: readonly Worker[],
  silence: Silence,
  floorMs: number,
): Worker[] => workers.filter((worker) => isServing(worker) && !isBlocked(worker, silence, floorMs));

/**
 * Whether the lifeboat must hold the port: while no serving worker answers. A dead worker is not there any more; one
 * that is blocked is known by its silence; and the first sign of life of one sends the lifeboat ashore. It must not stay
 * beside a worker: being idle it would win most of the connections, and has nothing but last good pages to give.
 */
export const lifeboatNeeded = (workers: readonly WorkerView[], silence: Silence, floorMs: number): boolean =>
  answering(workers, silence, floorMs).length === 0;
