const FULL = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT']);
/** A file system that was made read-only, as Linux does with one that fails, or a disk that fails at a write. */
const UNWRITABLE = /^(?:SQLITE_READONLY|SQLITE_IOERR_(?:WRITE|FSYNC|DIR_FSYNC|TRUNCATE|DELETE|SHM)|EROFS$)/;

/** The code of an error, or of the one that it came from: tasks of the pool fail with an error of their own. */
function codesOf(error: unknown): string[] {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  return [code, cause?.code].map(String);
}

/** Whether the disk has no room: nothing was written. */
export const isDiskFull = (error: unknown): boolean => codesOf(error).some((code) => FULL.has(code));

/** Whether the disk takes nothing now, full or for another reason that may pass without the server. */
export const takesNothing = (error: unknown): boolean =>
  isDiskFull(error) || codesOf(error).some((code) => UNWRITABLE.test(code));
