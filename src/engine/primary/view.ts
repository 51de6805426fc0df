import type { Beat } from '../beats.ts';

/** Where a worker stands in its life. `promoting`: the port is lent, the answer is awaited. */
export type WorkerState = 'starting' | 'spare' | 'promoting' | 'serving' | 'draining' | 'dead';

/** A worker as the primary's decisions see it. Times on the primary's clock, ms. */
export interface WorkerView {
  name: string;
  state: WorkerState;
  startedAt: number;
  /** Undefined: it has never served. */
  servingAt: number | undefined;
  /** Undefined: it is not leaving, or nobody noted when that began. */
  drainingAt?: number | undefined;
  /** Its last sign of life, a beat or a pulse. Undefined: it has never told anything. */
  lastSignAt: number | undefined;
  /** What it told last; counters are totals since its start. */
  beat: Beat | undefined;
}

export const isServing = (worker: WorkerView): boolean => worker.state === 'serving';
