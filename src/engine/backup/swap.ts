import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { copyDatabase, sync } from './copy.ts';

export const BEFORE_RESTORE = '.before-restore';

/**
 * Puts a copy of `source` in the place of the database `target`, which nobody may have open. The old one stays beside it as
 * `.before-restore`. At no moment is there no database: a power cut leaves the old one or the new one, whole.
 * @throws {BackupError | SqliteError} the copy cannot be made: nothing is changed
 */
export async function swapDatabase(source: string, target: string): Promise<void> {
  const part = `${target}.restoring`;
  const old = target + BEFORE_RESTORE;
  try {
    await copyDatabase(source, part, { overwrite: true });
    if (existsSync(target)) {
      putWalIntoFile(target);
      for (const rest of ['', '-wal', '-shm']) rmSync(old + rest, { force: true });
      linkSync(target, old);
      // Of a damaged one what could not be put into the file; with the new file it would be read as its own.
      if (existsSync(`${target}-wal`)) renameSync(`${target}-wal`, `${old}-wal`);
    }
    rmSync(`${target}-wal`, { force: true });
    rmSync(`${target}-shm`, { force: true });
    sync(dirname(target));
    renameSync(part, target);
    sync(dirname(target));
  } finally {
    rmSync(part, { force: true });
  }
}

/** So that the old file is whole by itself; a damaged one keeps its WAL. */
function putWalIntoFile(path: string): void {
  try {
    const db = new Database(path, { fileMustExist: true });
    try {
      db.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      db.close();
    }
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    if (code !== 'SQLITE_NOTADB' && !code.startsWith('SQLITE_CORRUPT')) throw error;
  }
}
