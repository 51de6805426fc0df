import { chmodSync, closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';

/** Pages of 4 KiB that are copied before the caller's loop turns again. */
const PAGES_PER_STEP = 512;
/** A lock of the file is waited for so long, ms. */
const BUSY_TIMEOUT_MS = 10_000;

/** A copy that cannot be made, or cannot be trusted. */
export class BackupError extends Error {
  readonly code = 'BACKUP';
  override readonly name = 'BackupError';
}

export interface CopyOptions {
  /** Pages copied, and pages in all. */
  onProgress?: (done: number, total: number) => void;
  /** A file of the name of the copy is replaced. */
  overwrite?: boolean;
}

/**
 * Copies a database that is in use: the copy is what it was at one moment, whoever writes meanwhile. It is one file (no WAL beside
 * it), mode 0600, appears under its name only when it is whole and was checked, and is on the disk then.
 * @throws {BackupError} the copy is damaged, as its source is
 * @throws {SqliteError} the source cannot be read, or there is no room for the copy
 */
export async function copyDatabase(source: string, target: string, options: CopyOptions = {}): Promise<void> {
  const part = `${target}.${process.pid}.part`;
  const db = new Database(source, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    // A reading transaction holds the moment: without it a copy begins anew with each write of another process, and never ends.
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM sqlite_master').get();
    await db.backup(part, {
      progress({ totalPages, remainingPages }) {
        options.onProgress?.(totalPages - remainingPages, totalPages);
        return PAGES_PER_STEP;
      },
    });
    chmodSync(part, 0o600);
    makeSingleFile(part);
    const problem = checkDatabase(part);
    if (problem !== undefined) throw new BackupError(`the copy of ${source} is damaged, as its source is: ${problem}`);
    sync(part);
    // A name that is taken stays so, unless it is to be replaced.
    if (options.overwrite) renameSync(part, target);
    else linkSync(part, target);
    sync(dirname(target));
  } finally {
    db.close();
    for (const rest of ['', '-journal', '-wal', '-shm']) rmSync(part + rest, { force: true });
  }
}

/** The whole of a database file is read and checked. @returns what is wrong, in a line; undefined: nothing */
export function checkDatabase(path: string): string | undefined {
  try {
    const db = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    try {
      const found = db.pragma('integrity_check(1)', { simple: true });
      return found === 'ok' ? undefined : String(found).split('\n', 1)[0];
    } finally {
      db.close();
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'SQLITE_NOTADB' || String(code).startsWith('SQLITE_CORRUPT')) return (error as Error).message;
    throw error;
  }
}

/** A copy says of itself that it has a WAL, as its source has one. */
function makeSingleFile(path: string): void {
  const db = new Database(path);
  try {
    db.pragma('journal_mode = DELETE');
  } finally {
    db.close();
  }
}

/** A file, or the names in a folder, are on the disk. */
export function sync(path: string): void {
  const opened = openSync(path, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}
