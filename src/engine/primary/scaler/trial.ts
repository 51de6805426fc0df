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
  /** What was seen to be in the way, if anything was. */
  cause: 'lock' | 'useless';
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

export interface TrialNews {
  trial: Trial;
  verdict: 'open' | 'kept' | 'useless';
  /** Requests served per second while it was measured. */
  rate: number;
  /** What made it useless, and how that was seen. */
  cause: Useless['cause'];
  words: string;
}

/**
 * Follows a trial for one tick. `useless` only when the fleet was pressed all along and yet served hardly more than
 * before: a load that fell says nothing about the step. What was served before a sudden step says little either, as
 * less was asked for; so workers that wait for locks are judged by the work that their time leaves them.
 */
export function followTrial(
  before: Trial,
  fleet: FleetSignals,
  pressed: boolean,
  settled: boolean,
  now: number,
  options: ScalerOptions,
): TrialNews {
  const open = { verdict: 'open', rate: 0, cause: 'useless', words: '' } as const;
  if (!settled) return { ...open, trial: { ...before, lastAt: now } };
  if (before.measuredFrom === undefined) return { ...open, trial: { ...before, measuredFrom: now, lastAt: now } };
  const pressedMs = before.pressedMs + (pressed ? now - before.lastAt : 0);
  const trial = { ...before, served: before.served + fleet.servedNow, pressedMs, lastAt: now };
  const ms = now - before.measuredFrom;
  if (ms < options.trialMs) return { ...open, trial };
  const rate = (trial.served * 1_000) / ms;
  const { from, to } = trial;
  const leastFactor = 1 + Math.max(LEAST_GAIN, (options.trialGain * (to - from)) / from);
  if (pressedMs < ms * PRESSED_SHARE) return { ...open, trial, verdict: 'kept', rate };
  const working = to * (fleet.elu - fleet.lockShare);
  if (fleet.lockShare > options.lockShare && working < from * leastFactor) {
    const words = `${to} workers wait for database locks and do the work of ${working.toFixed(1)}`;
    return { trial, verdict: 'useless', rate, cause: 'lock', words };
  }
  const words = `${Math.round(rate)} requests/s served with ${to} workers, ${Math.round(trial.before)} with ${from}`;
  return { trial, verdict: rate < trial.before * leastFactor ? 'useless' : 'kept', rate, cause: 'useless', words };
}

/** Remembers a useless step: the first time for `uselessMs`, doubled each further time. */
export function rememberUseless(
  before: Useless | undefined,
  trial: Trial,
  seen: Pick<Useless, 'cause' | 'served'>,
  now: number,
  options: ScalerOptions,
): Useless {
  const again = before !== undefined && before.above === trial.from;
  const pauseMs = again ? Math.min(before.pauseMs * 2, options.uselessMaxMs) : options.uselessMs;
  return { above: trial.from, until: now + pauseMs, pauseMs, ...seen };
}

/** Throughput over what was served at the verdict that makes it another load. */
const ANOTHER_LOAD = 1.25;

export const stillUseless = (useless: Useless, target: number, served: number, now: number): boolean =>
  target >= useless.above && now < useless.until && served < useless.served * ANOTHER_LOAD;
