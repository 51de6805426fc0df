import type { ScalerOptions } from './options.ts';
import type { FleetSignals } from './signals.ts';

/** A step up on trial: did it bring throughput? */
export interface Trial {
  from: number;
  to: number;
  /** Requests served per second before the step. */
  before: number;
  /** When the new workers had settled, and what was served since; undefined: not yet. */
  measuredFrom: number | undefined;
  served: number;
  /** Time under pressure since then, ms. */
  pressedMs: number;
  lastAt: number;
}

/** Number of workers beyond which the last step up brought nothing. */
export interface Useless {
  above: number;
  /** Not tried again before. */
  until: number;
  pauseMs: number;
  /** Requests served per second when it was judged: much more than that is another load, worth another trial. */
  served: number;
}

export const startTrial = (from: number, to: number, served: number, now: number): Trial => ({
  from,
  to,
  before: served,
  measuredFrom: undefined,
  served: 0,
  pressedMs: 0,
  lastAt: now,
});

/** Share of the measured time under pressure from which more throughput was wanted and could have come. */
const PRESSED_SHARE = 0.8;
/** Gains under this are noise. */
const LEAST_GAIN = 0.03;

/**
 * Follows a trial for one tick. `useless` only when the fleet was pressed all along and yet served hardly more than
 * before: a load that fell says nothing about the step.
 */
export function followTrial(
  trial: Trial,
  fleet: FleetSignals,
  pressed: boolean,
  settled: boolean,
  now: number,
  options: ScalerOptions,
): { trial: Trial; verdict: 'open' | 'kept' | 'useless'; rate: number } {
  if (!settled) return { trial: { ...trial, lastAt: now }, verdict: 'open', rate: 0 };
  if (trial.measuredFrom === undefined) return { trial: { ...trial, measuredFrom: now, lastAt: now }, verdict: 'open', rate: 0 };
  const next = { ...trial, served: trial.served + fleet.servedNow, pressedMs: trial.pressedMs + (pressed ? now - trial.lastAt : 0), lastAt: now };
  const ms = now - trial.measuredFrom;
  const rate = ms > 0 ? (next.served * 1_000) / ms : 0;
  if (ms < options.trialMs) return { trial: next, verdict: 'open', rate };
  const wanted = 1 + Math.max(LEAST_GAIN, (options.trialGain * (trial.to - trial.from)) / trial.from);
  const useless = next.pressedMs >= ms * PRESSED_SHARE && rate < trial.before * wanted;
  return { trial: next, verdict: useless ? 'useless' : 'kept', rate };
}

/** Remembers a useless step: the first time for `uselessMs`, doubled each further time. */
export function rememberUseless(before: Useless | undefined, trial: Trial, served: number, now: number, options: ScalerOptions): Useless {
  const again = before !== undefined && before.above === trial.from;
  const pauseMs = again ? Math.min(before.pauseMs * 2, options.uselessMaxMs) : options.uselessMs;
  return { above: trial.from, until: now + pauseMs, pauseMs, served };
}

/** Throughput over what was served at the verdict that makes it another load. */
const ANOTHER_LOAD = 1.25;

export const stillUseless = (useless: Useless | undefined, target: number, served: number, now: number): boolean =>
  useless !== undefined && target >= useless.above && now < useless.until && served < useless.served * ANOTHER_LOAD;
