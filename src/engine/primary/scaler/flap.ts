import type { ScalerOptions } from './options.ts';

/** How often steps down proved wrong: a factor of the time that must be calm before the next one. */
export interface FlapState {
  multiplier: number;
  at: number;
  /** The last step down that may still prove wrong. */
  downAt: number | undefined;
}

export const noFlaps = (now: number): FlapState => ({ multiplier: 1, at: now, downAt: undefined });

/** The factor now: what it has over 1 decays by half in each half-life. */
export const flapMultiplier = ({ multiplier, at }: FlapState, now: number, { flapHalfLifeMs }: ScalerOptions): number =>
  1 + (multiplier - 1) * 2 ** ((at - now) / flapHalfLifeMs);

export const steppedDown = (flap: FlapState, now: number): FlapState => ({ ...flap, downAt: now });

/** A step up soon after a step down is a flap. */
export function steppedUp(flap: FlapState, now: number, options: ScalerOptions): FlapState {
  if (flap.downAt === undefined || now - flap.downAt > options.flapWindowMs) return { ...flap, downAt: undefined };
  const multiplier = Math.min(options.flapMax, flapMultiplier(flap, now, options) * options.flapFactor);
  return { multiplier, at: now, downAt: undefined };
}
