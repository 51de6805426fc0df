import type { Others } from '../load/others.ts';
import type { SendsTo } from './capacity.ts';
import type { Target } from './instance.ts';
import type { Route } from './scenario.ts';

/** What the server could do when it was last looked. */
export interface MixCapacity {
  /** Requests per second of the standard mix. */
  perSecond: number;
  /** What other programs took meanwhile. */
  others: Others;
}

/** In which a scenario is run. */
export interface Conditions {
  target: Target;
  to: SendsTo;
  mix: Route[];
  capacity: MixCapacity;
  journeyFile: string | undefined;
  seed: number;
  /** All times are multiplied by it. */
  pace: number;
  interrupt: AbortSignal;
}
