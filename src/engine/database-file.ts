import { accessSync, constants, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';

/** What several processes do to a database file that they share, when it is damaged or gone. */

const MUTEX_MS = 2_000;

export const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '');
export const inodeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.ino;

/** Damage is told apart from a full disk or a lock: only damage is healed by a new file. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  // SQLITE_ERROR: tables or columns that are missing, in a file that somebody else made.
  return code.startsWith('SQLITE_CORRUPT') || ['SQLITE_NOTADB', 'SQLITE_FORMAT', 'SQLITE_ERROR'].includes(code);
}

/** Whether another process has the file for itself: a writer, a copy, an operator's own shell. */
export const isLocked = (error: unknown): boolean => codeOf(error).startsWith('SQLITE_BUSY');

/** Whether there is something at the path that will never be a database: a folder, or a file that we may not write. */
export function isUnusable(error: unknown, path: string): boolean {
  if (!/^SQLITE_(CANTOPEN|READONLY|PERM|AUTH)/.test(codeOf(error)) || !existsSync(path)) return false;
  if (statSync(path).isDirectory()) return true;
  try {
    // Never opened here: closing a second descriptor of a database file drops the process's locks on it.
    accessSync(path, constants.R_OK | constants.W_OK);
    return false;
  } catch {
    return true;
  }
}

/** Keeps the bad file for whoever wants to look at it; the one before goes. */
export function setAside(path: string): void {
  const aside = `${path}.corrupt`;
  rmSync(aside, { recursive: true, force: true });
  renameSync(path, aside);
  removeLog(path);
}

/** Deletes a database's log and its index, which belong to no other file. */
export function removeLog(path: string): void {
  for (const rest of ['-wal', '-shm']) rmSync(path + rest, { force: true });
}

/** One process at a time replaces the file. The lock is SQLite's, on an empty file of its own: it ends with the process that holds it. */
export function withMutex<T>(path: string, work: () => T): T {
  // Throws an error with a code where the folder is missing; the database's own has none.
  accessSync(dirname(path));
  const mutex = new Database(`${path}.lock`, { timeout: MUTEX_MS });
  try {
    mutex.exec('BEGIN EXCLUSIVE');
    return work();
  } finally {
    mutex.close();
  }
}
