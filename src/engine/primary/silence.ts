import type { WorkerView } from './view.ts';

/**
 * How long each worker has been silent, in time that the primary was awake to hear it. A primary that was held up
 * finds its own timers due before the messages that wait for it: by the wall clock everybody would look silent.
 */
export interface Silence {
  tickAt: number;
  byName: ReadonlyMap<string, WorkerSilence>;
}

export interface WorkerSilence {
  heardAt: number;
  ms: number;
  /** The part of `ms` in which the worker waited for a core; undefined: not looked for yet, or not known. */
  withoutCoreMs?: number;
  /** What the kernel said at the last look: how long the worker has waited for a core since its start, ms. */
  runQueueMs?: number;
}

/** How silence becomes "does not answer". */
export interface SilenceRules {
  /** TAHAN_SILENT_MS: a worker is never taken for blocked in less, ms. */
  floorMs: number;
  /** How long the worker has waited for a core since its start, ms; undefined: not known. It is asked only in long silences. */
  runQueueMs: (name: string) => number | undefined;
}

/**
 * A silence of so many usual units of a worker's work is no longer its work. A turn of the loop takes a unit; jobs whose
 * size is exponential are over 12 units (24 mean sizes) once in 10^10.
 */
const UNITS = 12;
/** What a visitor bears with a server that says nothing, ms: after it every silence counts as a block, whatever its cause. */
export const LONGEST_SILENCE_MS = 1_500;
/** The kernel is asked for the time without a core when this share of the limit has passed. */
const LOOK_SHARE = 0.5;
/** A late tick is worth this many on-time ones: enough for a timer's ordinary delay. */
const LATE_TICK_WORTH = 1.5;

export const noSilence = (now: number): Silence => ({ tickAt: now, byName: new Map() });

/** The silence after which a worker whose usual unit of work takes `workUnitMs` counts as blocked, ms. */
export const silenceLimitMs = (workUnitMs: number, floorMs: number): number =>
  Math.max(floorMs, Math.min(LONGEST_SILENCE_MS, UNITS * workUnitMs));

/**
 * The silences at this tick of the primary. Call it at every tick; `tickMs` is the period (25 to 50 ms: at 100 ms one
 * late tick alone would be worth a missing beat).
 */
export function trackSilence(
  workers: readonly WorkerView[],
  before: Silence,
  now: number,
  tickMs: number,
  rules: SilenceRules,
): Silence {
  const heardMs = Math.min(now - before.tickAt, tickMs * LATE_TICK_WORTH);
  const byName = new Map<string, WorkerSilence>();
  for (const worker of workers) {
    const { name, state, startedAt, servingAt, lastSignAt } = worker;
    if (state === 'dead') continue;
    const heardAt = Math.max(lastSignAt ?? startedAt, servingAt ?? startedAt);
    const known = before.byName.get(name);
    if (known?.heardAt !== heardAt) {
      byName.set(name, { heardAt, ms: Math.min(Math.max(0, now - heardAt), heardMs) });
      continue;
    }
    const silence = { ...known, ms: known.ms + heardMs };
    byName.set(name, isLong(worker, silence, rules) ? withoutCore(name, silence, heardMs, rules) : silence);
  }
  return { tickAt: now, byName };
}

const isLong = ({ beat }: WorkerView, { ms }: WorkerSilence, { floorMs }: SilenceRules): boolean =>
  ms > silenceLimitMs(beat?.workUnitMs ?? 0, floorMs) * LOOK_SHARE;

/** A worker whose core another process has is not blocked: that time does not count. */
function withoutCore(name: string, silence: WorkerSilence, heardMs: number, rules: SilenceRules): WorkerSilence {
  const runQueueMs = rules.runQueueMs(name);
  if (runQueueMs === undefined) return silence;
  const grown = silence.runQueueMs === undefined ? 0 : Math.max(0, runQueueMs - silence.runQueueMs);
  return { ...silence, runQueueMs, withoutCoreMs: (silence.withoutCoreMs ?? 0) + Math.min(grown, heardMs) };
}

/** Silence of a worker, ms; 0 for one that was not there at the last tick. */
export const silentMs = (silence: Silence, name: string): number => silence.byName.get(name)?.ms ?? 0;

/** Whether a worker is silent for longer than its work and a busy machine explain. */
export function isBlocked({ name, beat }: WorkerView, silence: Silence, floorMs: number): boolean {
  const { ms, withoutCoreMs = 0 } = silence.byName.get(name) ?? { ms: 0 };
  return (
    ms - withoutCoreMs > silenceLimitMs(beat?.workUnitMs ?? 0, floorMs) || ms > Math.max(floorMs, LONGEST_SILENCE_MS)
  );
}
