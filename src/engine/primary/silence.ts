import type { WorkerView } from './view.ts';

/**
 * How long each worker has been silent, in time that the primary was awake to hear it. A primary that was held up
 * finds its own timers due before the messages that wait for it: by the wall clock everybody would look silent.
 */
export interface Silence {
  tickAt: number;
  byName: ReadonlyMap<string, { heardAt: number; ms: number }>;
}

export const noSilence = (now: number): Silence => ({ tickAt: now, byName: new Map() });

/** A late tick is worth this many on-time ones: enough for a timer's ordinary delay. */
const LATE_TICK_WORTH = 1.5;

/**
 * The silences at this tick of the primary. Call it at every tick; `tickMs` is the period (25 to 50 ms: at 100 ms one
 * late tick alone would be worth a missing beat).
 */
export function trackSilence(workers: readonly WorkerView[], before: Silence, now: number, tickMs: number): Silence {
  const heardMs = Math.min(now - before.tickAt, tickMs * LATE_TICK_WORTH);
  const byName = new Map<string, { heardAt: number; ms: number }>();
  for (const { name, state, startedAt, servingAt, lastBeatAt } of workers) {
    if (state === 'dead') continue;
    const heardAt = Math.max(lastBeatAt ?? startedAt, servingAt ?? startedAt);
    const known = before.byName.get(name);
    const ms = known?.heardAt === heardAt ? known.ms + heardMs : Math.min(Math.max(0, now - heardAt), heardMs);
    byName.set(name, { heardAt, ms });
  }
  return { tickAt: now, byName };
}

/** Silence of a worker, ms; 0 for one that was not there at the last tick. */
export const silentMs = (silence: Silence, name: string): number => silence.byName.get(name)?.ms ?? 0;
