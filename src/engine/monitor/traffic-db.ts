import { renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** Raised when the layout of a table changes: an older file is put aside and made anew. */
export const TRAFFIC_DB_VERSION = 1;
const LOG_BYTES = 4_194_304;
const CACHE_KIB = 1_024;

export type TrafficDb = Database.Database;

/**
 * Opens the monitor's file, `traffic.db` in the data folder; its tables are made by those who use them. A file that is
 * damaged or of another version is put aside as `traffic.db.old` and begun anew: history is not worth a process that does
 * not start.
 */
export function openTrafficDb(dataDir: string, report: (line: string) => void): TrafficDb {
  const path = join(dataDir, 'traffic.db');
  try {
    return open(path);
  } catch (error) {
    report(
      `traffic.db is put aside as traffic.db.old and begun anew: ${error instanceof Error ? error.message : String(error)}`,
    );
    for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
    renameSync(path, `${path}.old`);
    return open(path);
  }
}

function open(path: string): TrafficDb {
  const db = new Database(path);
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma(`journal_size_limit = ${LOG_BYTES}`);
    db.pragma(`cache_size = -${CACHE_KIB}`);
    const version = db.pragma('user_version', { simple: true });
    if (version === 0) db.pragma(`user_version = ${TRAFFIC_DB_VERSION}`);
    else if (version !== TRAFFIC_DB_VERSION) throw new Error(`it is of version ${version}, not ${TRAFFIC_DB_VERSION}`);
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
