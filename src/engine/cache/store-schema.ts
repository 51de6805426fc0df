import Database from 'better-sqlite3';
import type { Page } from './page.ts';

/** Raised when the layout of the file changes: an older file is put aside and made anew. */
export const STORE_VERSION = 1;
/** Longest wait for another process's write, ms. Readers never wait in WAL mode. */
const BUSY_MS = 2_000;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS pages (
  key TEXT PRIMARY KEY, rendered_at INTEGER NOT NULL, bytes INTEGER NOT NULL, head TEXT NOT NULL,
  identity BLOB NOT NULL, gzip BLOB, br BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pages_by_age ON pages (rendered_at);
CREATE TABLE IF NOT EXISTS page_tags (tag TEXT NOT NULL, key TEXT NOT NULL REFERENCES pages (key) ON DELETE CASCADE, PRIMARY KEY (tag, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS page_tags_by_key ON page_tags (key);
CREATE TABLE IF NOT EXISTS purges (tag TEXT PRIMARY KEY, at INTEGER NOT NULL, hard INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = ${STORE_VERSION};
`;

/** The file is not a page store of this version, or is damaged. */
export class StoreFileError extends Error {
  readonly code = 'STORE_FILE';
  override readonly name = 'StoreFileError';
}

/**
 * Opens the page store for writing, and makes its tables.
 * @throws {StoreFileError} damaged, or of another version; SqliteError on a full disk or a read-only folder
 */
export function openForWriting(path: string): Database.Database {
  const db = new Database(path, { timeout: BUSY_MS });
  try {
    db.pragma('journal_mode = WAL');
    // A page lost in a power cut is rendered again: no fsync per batch.
    db.pragma('synchronous = NORMAL');
    db.pragma('foreign_keys = ON');
    const version = db.pragma('user_version', { simple: true });
    if (version !== 0 && version !== STORE_VERSION) throw new StoreFileError(`page store version ${version}, expected ${STORE_VERSION}`);
    db.exec(SCHEMA);
    return db;
  } catch (error) {
    db.close();
    throw asStoreError(error);
  }
}

/** Damage is told apart from a full disk or a lock: only damage is healed by a new file. */
export function asStoreError(error: unknown): unknown {
  const code = (error as { code?: string }).code ?? '';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return new StoreFileError(`page store damaged: ${(error as Error).message}`);
  return error;
}

export interface PageRow {
  key: string;
  head: string;
  identity: Buffer;
  gzip: Buffer | null;
  br: Buffer | null;
}

/** All of a page but its bodies, as text. */
export const headText = ({ bodies: _, key: __, ...head }: Page): string => JSON.stringify(head);

export function pageOf(row: PageRow): Page {
  const head = JSON.parse(row.head) as Omit<Page, 'key' | 'bodies'>;
  return {
    ...head,
    key: row.key,
    bodies: { identity: row.identity, ...(row.gzip === null ? {} : { gzip: row.gzip }), ...(row.br === null ? {} : { br: row.br }) },
  };
}
