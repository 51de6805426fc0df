import { PoolFullError, TaskDeadlineError } from '../pool/errors.ts';

/** Of the machine's disk, of another writer, of a visitor who left, of one who is to sign in. */
const NOT_ITS_FAULT = new Set([
  'SQLITE_FULL',
  'ENOSPC',
  'EDQUOT',
  'DATABASE_BUSY',
  'CLIENT_GONE',
  'SIGN_IN_NEEDED',
  'FEATURE_FULL',
]);

/** Whether a feature is to blame: not for a visitor's mistake, nor for a busy pool, a locked database or a full disk, nor for a visitor who left. */
export function isFailure(error: unknown): boolean {
  if (error instanceof PoolFullError) return false;
  if (error instanceof TaskDeadlineError && error.cause !== undefined) return false;
  const { status, code, cause } = (error ?? {}) as { status?: unknown; code?: unknown; cause?: { code?: unknown } };
  if (NOT_ITS_FAULT.has(String(code)) || NOT_ITS_FAULT.has(String(cause?.code))) return false;
  return typeof status !== 'number' || status >= 500;
}
