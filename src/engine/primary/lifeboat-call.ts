import { type Silence, silentMs } from './silence.ts';
import { isServing, type WorkerView } from './view.ts';

export interface LifeboatOptions {
  /**
   * A worker that was last heard longer ago than this does not answer, ms. Signs of life come each 25 ms, so a block is
   * noticed 90 to 115 ms after it began, and a tick more. Lower joins sooner, but a busy worker on a shared core is
   * late by tens of milliseconds while it still answers.
   */
  silentMs: number;
  /** It leaves when a worker has been answering for this long without a break, ms. */
  leaveAfterMs: number;
}

export const LIFEBOAT_DEFAULTS: LifeboatOptions = { silentMs: 115, leaveAfterMs: 500 };

export interface LifeboatNeed {
  wanted: boolean;
  /** Since when some worker has been answering; undefined: none is. */
  answeringSince: number | undefined;
}

export const LIFEBOAT_ASHORE: LifeboatNeed = { wanted: false, answeringSince: undefined };

/** Serving workers that still tell something. */
export const answering = (workers: readonly WorkerView[], silence: Silence, limitMs: number): WorkerView[] =>
  workers.filter((worker) => isServing(worker) && silentMs(silence, worker.name) <= limitMs);

/**
 * Whether the lifeboat must hold the port: at once when no serving worker answers (a dead one is not there any more,
 * a blocked one is silent), until one has been answering for `leaveAfterMs`.
 */
export function lifeboatNeed(
  workers: readonly WorkerView[],
  silence: Silence,
  before: LifeboatNeed,
  now: number,
  options: LifeboatOptions = LIFEBOAT_DEFAULTS,
): LifeboatNeed {
  if (answering(workers, silence, options.silentMs).length === 0) return { wanted: true, answeringSince: undefined };
  const answeringSince = before.answeringSince ?? now;
  return { wanted: before.wanted && now - answeringSince < options.leaveAfterMs, answeringSince };
}
