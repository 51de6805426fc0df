import type { FeatureState } from '../../engine/features/types.ts';
import type { CallTask } from '../tasks/call.ts';
import { Problem } from './problem.ts';

/** A write that found no room shows in the health for this long, and is logged once in it, ms. */
const SHOWN_MS = 60_000;

const FULL = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT']);

/** Whether a task failed as the disk has no room: nothing of it was written. */
export function isDiskFull(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  return FULL.has(String(code)) || FULL.has(String(cause?.code));
}

/** The 507 for it (RFC 4918 section 11.5). */
export const diskFullProblem = (cause: unknown): Problem =>
  new Problem(507, 'DISK_FULL', 'There is no room to save anything right now, so nothing was changed.', { cause });

/** Notes when a task finds the disk full. */
export interface Disk {
  /** The same tasks, watched. */
  watch: (call: CallTask) => CallTask;
  state: () => FeatureState;
}

/** `now`: any clock, ms. `tell` logs a line. */
export function createDisk(tell: (line: string) => void, now: () => number = () => performance.now()): Disk {
  let fullAt = Number.NEGATIVE_INFINITY;
  let toldAt = Number.NEGATIVE_INFINITY;
  const note = (error: unknown): void => {
    if (!isDiskFull(error)) return;
    fullAt = now();
    if (fullAt - toldAt < SHOWN_MS) return;
    toldAt = fullAt;
    tell('the disk with the data folder is full: nothing can be saved until there is room on it');
  };
  return {
    watch: (call) => (name, input, options) =>
      call(name, input, options).catch((error: unknown) => {
        note(error);
        throw error;
      }),
    state: () => (now() - fullAt < SHOWN_MS ? 'down' : 'ok'),
  };
}
