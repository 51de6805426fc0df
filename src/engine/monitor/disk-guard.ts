/** A full disk is told this often, ms. */
const TELL_EVERY_MS = 60_000;
const FULL = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT']);

/**
 * While the disk is full the monitor goes on without writing: what it knows stays in memory, and alerts are judged and sent.
 * Gives what runs a piece of work: undefined when there was no room for it. Any other error is thrown on.
 */
export function createDiskGuard(
  tell: (line: string) => void,
  now: () => number = () => performance.now(),
): <Result>(work: () => Result) => Result | undefined {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (work) => {
    try {
      return work();
    } catch (error) {
      if (!FULL.has(String((error as { code?: unknown }).code))) throw error;
      if (now() - toldAt >= TELL_EVERY_MS) {
        toldAt = now();
        tell('alert: the disk with the data folder is full: the history has a gap until there is room on it');
      }
      return undefined;
    }
  };
}
