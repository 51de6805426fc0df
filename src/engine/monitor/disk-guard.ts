import { isDamage, isLocked } from '../database-file.ts';
import { isDiskFull, takesNothing } from '../disk-errors.ts';

/** A disk that takes nothing is told this often, ms. */
const TELL_EVERY_MS = 60_000;

/**
 * While the disk takes nothing the monitor goes on without writing: what it knows stays in memory, and alerts are judged and
 * sent. Gives what runs a piece of work: undefined when it could not be written. Any other error is thrown on.
 * `onDamage`: the file itself is bad; told before that is thrown.
 */
export function createDiskGuard(
  tell: (line: string) => void,
  now: () => number = () => performance.now(),
  onDamage: () => void = () => {},
): <Result>(work: () => Result) => Result | undefined {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (work) => {
    try {
      return work();
    } catch (error) {
      if (isDamage(error)) onDamage();
      if (!takesNothing(error) && !isLocked(error)) throw error;
      if (now() - toldAt >= TELL_EVERY_MS) {
        toldAt = now();
        tell(
          isDiskFull(error)
            ? 'alert: the disk with the data folder is full: the history has a gap until there is room on it'
            : `alert: the data folder cannot be written (${(error as { code: string }).code}): the history has a gap until it can`,
        );
      }
      return undefined;
    }
  };
}
