import type { ScalerOptions } from './options.ts';

/** The load has doubled: steps double too. */
export interface PanicState {
  /** Over at this time; renewed while the load is still twice what it was. */
  until: number;
  /** Steps taken in this panic. */
  steps: number;
}

export const NO_PANIC: PanicState = { until: Number.NEGATIVE_INFINITY, steps: 0 };

/** Under this load a doubling is chance, requests per second. */
const LEAST_LOAD = 10;
/** Standard deviations (of Poisson arrivals over a quarter of a second) beyond which a doubling is no chance. */
const SIGMAS = 3;

/** `loadFast` and `loadSlow` in requests per second: the last quarter of a second, and the window before. */
export function nextPanic(
  before: PanicState,
  loadFast: number,
  loadSlow: number,
  now: number,
  options: ScalerOptions,
): PanicState {
  const doubled = options.panicFactor * loadSlow;
  // The variance of a rate smoothed over T seconds is rate / 2T; with T = 0.25 s that is twice the rate.
  const surge = loadFast >= LEAST_LOAD && loadFast >= doubled + SIGMAS * Math.sqrt(2 * doubled);
  const steps = now < before.until ? before.steps : 0;
  return { until: surge ? now + options.panicWindowMs : before.until, steps };
}

export const inPanic = (panic: PanicState, now: number): boolean => now < panic.until;

/** Workers that the next step adds: 1, or 1, 2, 4... one after the other in a panic. */
export function stepSize(panic: PanicState, now: number, options: ScalerOptions): number {
  return inPanic(panic, now) ? Math.min(options.panicStepMax, 2 ** panic.steps) : 1;
}
