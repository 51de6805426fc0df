import { renameSync, rmSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { isDamage, removeLog } from '../database-file.ts';
import type { Page } from './page.ts';

/** Raised when the layout of the file changes: an older file is put aside and made anew. */
export const STORE_VERSION = 2;
/** Longest wait for another process's write, ms. Readers never wait in WAL mode. */
const BUSY_MS = 2_000;
/** The write-ahead log is cut back to this after a checkpoint, bytes. */
const LOG_BYTES = 8_388_608;

/**
 * Bodies stand apart, so that a soft purge of a thousand pages writes a thousand small rows. `purged`: 0 no, 1 soft,
 * 2 hard (not read any more, deleted little by little). `totals` spares a scan for each eviction.
 */
const SCHEMA = `
CREATE TABLE pages (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, rendered_at REAL NOT NULL, bytes INTEGER NOT NULL,
  purged INTEGER NOT NULL, crc INTEGER NOT NULL, head TEXT NOT NULL
);
CREATE INDEX pages_by_age ON pages (rendered_at, id, bytes);
CREATE INDEX pages_to_delete ON pages (id) WHERE purged = 2;
CREATE TABLE bodies (
  id INTEGER PRIMARY KEY REFERENCES pages (id) ON DELETE CASCADE, identity BLOB NOT NULL, gzip BLOB, br BLOB
);
CREATE TABLE page_tags (
  tag TEXT NOT NULL, id INTEGER NOT NULL REFERENCES pages (id) ON DELETE CASCADE, PRIMARY KEY (tag, id)
) WITHOUT ROWID;
CREATE INDEX page_tags_by_page ON page_tags (id);
CREATE TABLE purges (tag TEXT NOT NULL, hard INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (tag, hard)) WITHOUT ROWID;
CREATE TABLE totals (bytes INTEGER NOT NULL);
INSERT INTO totals VALUES (0);
CREATE TRIGGER page_in AFTER INSERT ON pages BEGIN UPDATE totals SET bytes = bytes + NEW.bytes; END;
CREATE TRIGGER page_out AFTER DELETE ON pages BEGIN UPDATE totals SET bytes = bytes - OLD.bytes; END;
CREATE TRIGGER page_anew AFTER UPDATE OF bytes ON pages BEGIN UPDATE totals SET bytes = bytes + NEW.bytes - OLD.bytes; END;
PRAGMA user_version = ${STORE_VERSION};
`;

/** The file is not a page store of this version, or is damaged. */
export class StoreFileError extends Error {
  readonly code = 'STORE_FILE';
  override readonly name = 'StoreFileError';
}

/**
 * Makes an empty store in the place of `path`; for one process at a time. It comes by a rename, complete with its
 * tables: nobody ever opens half a store, and nothing of an older one's log is taken for its own.
 */
export function makeStoreFile(path: string): void {
  const made = `${path}.new`;
  removeWithLog(made);
  try {
    const db = new Database(made);
    try {
      db.pragma('auto_vacuum = INCREMENTAL');
      db.exec(SCHEMA);
      // Last, and after that nothing is written: on a full disk the tables must not be left behind in a log.
      db.pragma('journal_mode = WAL');
    } finally {
      db.close();
    }
  } catch (error) {
    removeWithLog(made);
    throw error;
  }
  removeLog(path);
  renameSync(made, path);
}

function removeWithLog(path: string): void {
  rmSync(path, { recursive: true, force: true });
  removeLog(path);
}

/**
 * Opens the page store for writing.
 * @throws {StoreFileError} damaged, or of another version; SqliteError where it is missing or cannot be opened
 */
export function openForWriting(path: string): Database.Database {
  const db = new Database(path, { timeout: BUSY_MS, fileMustExist: true });
  try {
    const version = db.pragma('user_version', { simple: true });
    if (version !== STORE_VERSION) throw new StoreFileError(`it has version ${version}, not ${STORE_VERSION}`);
    db.pragma('journal_mode = WAL');
    // A page lost in a power cut is rendered again: no fsync per batch.
    db.pragma('synchronous = NORMAL');
    db.pragma('foreign_keys = ON');
    db.pragma(`journal_size_limit = ${LOG_BYTES}`);
    return db;
  } catch (error) {
    db.close();
    throw asStoreError(error);
  }
}

/** Damage as an error of its own. */
export const asStoreError = (error: unknown): unknown =>
  isDamage(error) ? new StoreFileError(`it is damaged: ${(error as Error).message}`, { cause: error }) : error;

export interface PageRow {
  key: string;
  head: string;
  crc: number;
  purged: number;
  identity: Uint8Array;
  gzip: Uint8Array | null;
  br: Uint8Array | null;
}

/** Columns of a PageRow, from `pages JOIN bodies USING (id)`. */
export const PAGE_COLUMNS = 'key, head, crc, purged, identity, gzip, br';

export function rowOf(page: Page): PageRow {
  const { bodies, key, purged, ...rest } = page;
  const row = {
    key,
    head: JSON.stringify(rest),
    purged: purged ? 1 : 0,
    identity: bodies.identity,
    gzip: bodies.gzip ?? null,
    br: bodies.br ?? null,
  };
  return { ...row, crc: sum(row) };
}

type Head = Omit<Page, 'key' | 'bodies' | 'purged'>;
/** As versions before this one wrote it: with this in the place of `renderStartedAt`, and without `upstreamAgeMs`. */
interface OldHead {
  renderedAt?: number;
}

/** @throws {StoreFileError} the row is not what was written */
export function pageOf(row: PageRow): Page {
  if (sum(row) !== row.crc)
    throw new StoreFileError(`it is damaged: the page ${JSON.stringify(row.key)} is not what was written`);
  const { renderedAt = 0, ...head }: OldHead & Head = JSON.parse(row.head);
  const { identity, gzip, br } = row;
  const old = { renderStartedAt: renderedAt, upstreamAgeMs: 0 };
  return {
    ...old,
    ...head,
    key: row.key,
    bodies: {
      identity: asBuffer(identity),
      ...(gzip === null ? {} : { gzip: asBuffer(gzip) }),
      ...(br === null ? {} : { br: asBuffer(br) }),
    },
    purged: row.purged !== 0,
  };
}

/** SQLite guards its own pages only loosely; a visitor must never get the bytes of a bad disk. */
function sum({ key, head, identity, gzip, br }: Omit<PageRow, 'crc' | 'purged'>): number {
  let crc = crc32(head, crc32(key));
  for (const body of [identity, gzip, br]) if (body !== null) crc = crc32(body, crc);
  return crc;
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
