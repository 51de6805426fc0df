import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { isDamage, removeLog } from '../database-file.ts';
import { messageOf } from '../message-of.ts';

/** Raised when the layout of a table changes: an older file is put aside and made anew. */
export const TRAFFIC_DB_VERSION = 1;
const LOG_BYTES = 4_194_304;
/** Longest wait for one who has the file for himself, ms: at the start, and later, when samples and dashboards wait with it. */
const LOCKED_MS = 5_000;
const BUSY_MS = 200;
const CACHE_KIB = 1_024;

export type TrafficDb = Database.Database;

class OtherVersionError extends Error {}

/**
 * Opens the monitor's file, `traffic.db` in the data folder; its tables are made by those who use them. A file that is
 * damaged or of another version is put aside as `traffic.db.old` and begun anew: history is not worth a process that does
 * not start. What cannot be opened for another reason (a full disk, a file system that is read-only) keeps its history: until the
 * monitor starts again it writes into memory, and says so.
 */
export function openTrafficDb(dataDir: string, report: (line: string) => void, waitMs = LOCKED_MS): TrafficDb {
  const path = join(dataDir, 'traffic.db');
  try {
    try {
      return open(path, waitMs);
    } catch (error) {
      if (!(error instanceof OtherVersionError || isDamage(error))) throw error;
      report(`traffic.db is put aside as traffic.db.old and begun anew: ${messageOf(error)}`);
      putAside(path);
      return open(path, waitMs);
    }
  } catch (error) {
    report(
      `traffic.db cannot be opened: ${messageOf(error)}; what comes now is kept in memory, and lost with the monitor`,
    );
    return open(':memory:', waitMs);
  }
}

/** Whoever opens it next begins anew. Does nothing where there is no file. */
export function putAside(path: string): void {
  if (!existsSync(path)) return;
  removeLog(path);
  renameSync(path, `${path}.old`);
}

function open(path: string, waitMs: number): TrafficDb {
  const db = new Database(path, { timeout: waitMs });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma(`busy_timeout = ${BUSY_MS}`);
    db.pragma('synchronous = NORMAL');
    db.pragma(`journal_size_limit = ${LOG_BYTES}`);
    db.pragma(`cache_size = -${CACHE_KIB}`);
    const version = db.pragma('user_version', { simple: true });
    if (version === 0) db.pragma(`user_version = ${TRAFFIC_DB_VERSION}`);
    else if (version !== TRAFFIC_DB_VERSION)
      throw new OtherVersionError(`it is of version ${version}, not ${TRAFFIC_DB_VERSION}`);
    db.prepare('SELECT count(*) FROM sqlite_master').get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** What the file and its log take on the disk, bytes. */
export function trafficDbBytes(db: TrafficDb): number {
  let bytes = 0;
  for (const end of ['', '-wal']) bytes += statSync(db.name + end, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
