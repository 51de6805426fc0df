import { burn, calibrate } from './burn.ts';
import { exponential, seededRandom } from './random.ts';

/** How the cost of one request is drawn: always the mean, or exponentially distributed around it. */
export const DISTRIBUTIONS = ['fixed', 'exp'] as const;
export type Distribution = (typeof DISTRIBUTIONS)[number];

export interface Work {
  /** Iterations of arithmetic that take one millisecond here. */
  iterationsPerMs: number;
  /** Does work of `meanMs` on this thread. */
  run: (meanMs: number, distribution: Distribution) => void;
}

/**
 * The CPU work of the lab routes. This module imports nothing of the engine, so that the servers it is compared with
 * do the same work by the same code.
 * @param rate iterations per millisecond, as text; a bench gives it (TAHAN_INTERNAL_LAB_RATE) so that every server
 *   does the same amount. Absent: calibrated here, once.
 */
export function createWork(rate: string | undefined, seed = 1): Work {
  const given = Number(rate);
  const iterationsPerMs = given > 0 && Number.isFinite(given) ? given : calibrate();
  const random = seededRandom(seed);
  return {
    iterationsPerMs,
    run: (meanMs, distribution) => {
      const ms = distribution === 'exp' ? exponential(random, meanMs) : meanMs;
      burn(Math.round(ms * iterationsPerMs));
    },
  };
}
