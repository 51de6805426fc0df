import { isDiskFull, takesNothing } from '../../engine/disk-errors.ts';
import type { FeatureState } from '../../engine/features/types.ts';
import type { CallTask } from '../tasks/call.ts';
import { Problem, unavailable } from './problem.ts';

/** When a visitor may try again, s: somebody has to look after the disk. */
const AGAIN_S = 60;
/** A write that the disk did not take shows in the health for this long, and is logged once in it, ms. */
const SHOWN_MS = 60_000;

/** What a visitor is told when nothing can be saved: 507 where there is no room (RFC 4918 section 11.5), else 503. */
export function diskProblem(cause: unknown): Problem {
  if (isDiskFull(cause))
    return new Problem(507, 'DISK_FULL', 'There is no room to save anything right now, so nothing was changed.', {
      cause,
    });
  return unavailable('DISK_UNWRITABLE', 'Nothing can be saved right now, so nothing was changed.', AGAIN_S, cause);
}

/** Notes when a task finds that the disk takes nothing. */
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
    if (!takesNothing(error)) return;
    fullAt = now();
    if (fullAt - toldAt < SHOWN_MS) return;
    toldAt = fullAt;
    tell(
      isDiskFull(error)
        ? 'the disk with the data folder is full: nothing can be saved until there is room on it'
        : `the data folder cannot be written (${String(error)}): nothing can be saved until it can`,
    );
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
