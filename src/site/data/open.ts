import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

export type Db = Database.Database;

/** Longest wait for a lock inside SQLite, ms; longer waits happen outside of it, where they can be ended (`write.ts`). */
export const BUSY_TIMEOUT_MS = 50;

/** For what waits its turn and holds up nobody: scripts, and the preparation before the start, ms. */
export const PATIENT_TIMEOUT_MS = 10_000;

/** The file is not a database, or is damaged. */
export class DatabaseDamagedError extends Error {
  readonly code = 'DATABASE_DAMAGED';
  override readonly name = 'DatabaseDamagedError';
  constructor(path: string, cause: Error) {
    super(
      `${path} cannot be used (${cause.message}): restore a backup (npm run restore -- FILE), or move it away to begin anew`,
      { cause },
    );
  }
}

/** Whether an error of SQLite says that the file is damaged. */
export function isDamage(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code);
  return code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT');
}

/** The site's database file in the data folder. */
export const databasePath = (dataDir: string): string => join(dataDir, 'site.db');

/**
 * A connection that only reads: the one for the event loop.
 * @throws {SqliteError} the file is missing (`prepareSite` makes it) or damaged
 */
export function openReader(dataDir: string): Db {
  const db = new Database(databasePath(dataDir), { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  db.pragma('query_only = ON');
  return db;
}

/**
 * A connection that writes; the file is made when it is missing, without tables (see `migrate.ts`).
 * An acknowledged write survives kill -9 and a power cut: `synchronous = FULL` syncs the WAL at each commit.
 * @throws {DatabaseDamagedError}
 */
export function openWriter(dataDir: string, busyTimeoutMs = BUSY_TIMEOUT_MS): Db {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // Made here, as SQLite makes it readable by everybody; its WAL gets the same rights.
  closeSync(openSync(databasePath(dataDir), 'a', 0o600));
  const db = new Database(databasePath(dataDir), { timeout: busyTimeoutMs });
  try {
    if (db.pragma('journal_mode', { simple: true }) !== 'wal') db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
  } catch (error) {
    db.close();
    if (isDamage(error)) throw new DatabaseDamagedError(databasePath(dataDir), error as Error);
    throw error;
  }
  return db;
}
