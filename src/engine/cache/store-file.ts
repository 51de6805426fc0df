import type Database from 'better-sqlite3';
import { codeOf, inodeOf, isUnusable, setAside, withMutex } from '../database-file.ts';
import { messageOf } from '../message-of.ts';
import type { Page } from './page.ts';
import { asStoreError, makeStoreFile, openForWriting, type PageRow, rowOf, StoreFileError } from './store-schema.ts';

export interface Purge {
  tag: string;
  hard: boolean;
  /** Epoch ms. */
  at: number;
}

export interface Batch {
  pages: readonly Page[];
  purges: readonly Purge[];
}

/** What became of a batch. `canRetry`: it may be written later, after `retryMs`. */
export type Outcome = { written: true } | { written: false; retryMs: number; canRetry: boolean };

export interface StoreFileOptions {
  path: string;
  /** Bound of the pages in it, bytes. */
  maxBytes: number;
  onProblem: (kind: string, line: string) => void;
  /** The file was made anew: what was in it is gone. */
  onRenewed: () => void;
  /** Opens an existing store file. */
  open?: (path: string) => Database.Database;
  /** Clock, epoch ms. */
  now?: () => number;
}

/** The store's file as its writers use it: any number of processes, each with one of these. No function throws. */
export interface StoreFile {
  write: (batch: Batch) => Outcome;
  /** Looks after the file between batches: made anew where it is gone, brought within its bound. */
  tend: () => void;
  /** A reader met damage: checks the whole file, and makes it anew if it is damaged indeed. */
  suspect: () => void;
  close: () => void;
}

/** After a failure, the next try waits this long, doubling. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** Pages deleted in one transaction, and transactions in a row: never a long lock. */
const DELETE_PAGES = 64;
const DELETE_ROUNDS = 16;
/** Purges are of use only while a render begun before them can still be on its way. */
const PURGE_MEMORY_MS = 600_000;
const MAX_PURGES = 20_000;
/** Database pages given back to the file system at once. */
const VACUUM_PAGES = 256;
/** A whole check reads the whole file. */
const CHECK_EVERY_MS = 60_000;

interface Connection {
  db: Database.Database;
  inode: number | undefined;
  statements: ReturnType<typeof prepare>;
}

export function createStoreFile(options: StoreFileOptions): StoreFile {
  const { path, maxBytes, onProblem, onRenewed, open = openForWriting, now = Date.now } = options;
  let connection: Connection | undefined;
  let pauseMs = 0;
  let pausedUntil = 0;
  let checkedAt = Number.NEGATIVE_INFINITY;

  const disconnect = (): void => {
    const leaving = connection;
    connection = undefined;
    leaving?.db.close();
  };

  /** The connection to the file that is at the path now. */
  const connect = (): Connection => {
    const inode = inodeOf(path);
    if (connection !== undefined && connection.inode === inode) return connection;
    const gone = connection !== undefined;
    disconnect();
    if (inode === undefined) makeAnew(undefined);
    // Taken before the file is opened: one that is replaced meanwhile is noticed the next time.
    const opened = inodeOf(path);
    if (gone)
      onProblem(
        'gone',
        `the page store ${path} was removed or replaced: ${inode === undefined ? 'made anew' : 'opened again'}`,
      );
    const db = open(path);
    try {
      connection = { db, inode: opened, statements: prepare(db) };
    } catch (error) {
      db.close();
      throw asStoreError(error);
    }
    return connection;
  };

  /** Makes an empty store, unless another process has already replaced the one with the inode `bad` (undefined: a missing one). */
  const makeAnew = (bad: number | undefined): boolean => {
    const made = withMutex(path, () => {
      if (inodeOf(path) !== bad) return false;
      if (bad !== undefined) setAside(path);
      makeStoreFile(path);
      return true;
    });
    if (made) onRenewed();
    return made;
  };

  const attempt = (work: (open: Connection) => void): unknown => {
    for (let healed = false; ; healed = true) {
      const inode = connection?.inode ?? inodeOf(path);
      try {
        work(connect());
        return undefined;
      } catch (thrown) {
        const error = asStoreError(thrown);
        const unusable = error instanceof StoreFileError || isUnusable(error, path);
        try {
          // A connection that failed is not trusted again; a lock or a full disk leaves it whole.
          if (unusable || !/^SQLITE_(BUSY|FULL)/.test(codeOf(error))) disconnect();
          if (!unusable || healed) return error;
          if (!makeAnew(inode)) continue;
        } catch (again) {
          return again;
        }
        onProblem(
          'corrupt',
          `the page store ${path} cannot be used, ${messageOf(error)}; put aside as ${path}.corrupt and made anew`,
        );
      }
    }
  };

  /** Runs the work, and takes note of how it went. */
  const run = (work: (open: Connection) => void): Outcome => {
    const waitMs = pausedUntil - now();
    // A clock that was set back must not make the pause longer.
    if (waitMs > 0 && waitMs <= pauseMs) return { written: false, retryMs: waitMs, canRetry: true };
    const error = attempt(work);
    if (error === undefined) {
      if (pauseMs > 0) onProblem('recovered', `the page store ${path} can be written again`);
      pauseMs = 0;
      pausedUntil = 0;
      return { written: true };
    }
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs === 0 ? FIRST_PAUSE_MS : pauseMs * 2);
    pausedUntil = now() + pauseMs;
    onProblem(
      codeOf(error) || 'error',
      `the page store ${path} cannot be written: ${messageOf(error)}; tried again in ${pauseMs} ms`,
    );
    // What is wrong with the data itself will be wrong the next time too.
    return { written: false, retryMs: pauseMs, canRetry: codeOf(error) !== '' && codeOf(error) !== 'SQLITE_TOOBIG' };
  };

  return {
    write: (batch) =>
      run((open) => {
        inTransaction(open, () => {
          for (const purge of batch.purges) applyPurge(open, purge);
          if (batch.purges.length > 0) open.statements.forgetPurges.run(now() - PURGE_MEMORY_MS, MAX_PURGES);
          for (const page of batch.pages) writePage(open, page);
        });
        tidy(open, maxBytes);
      }),
    tend() {
      run((open) => tidy(open, maxBytes));
    },
    suspect() {
      if (now() - checkedAt < CHECK_EVERY_MS && now() >= checkedAt) return;
      checkedAt = now();
      run(({ db }) => {
        const found = db.pragma('quick_check(1)', { simple: true });
        if (found !== 'ok') throw new StoreFileError(`it is damaged: ${found}`);
      });
    },
    close() {
      try {
        disconnect();
      } catch (error) {
        onProblem('close', `the page store ${path} was not closed: ${messageOf(error)}`);
      }
    },
  };
}

function inTransaction({ db }: Connection, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function prepare(db: Database.Database) {
  return {
    purgedAt: db.prepare<[string, number], { hard: number }>(
      'SELECT hard FROM purges WHERE tag = ? AND at >= ? ORDER BY hard DESC LIMIT 1',
    ),
    putPage: db.prepare<
      [Omit<PageRow, 'identity' | 'gzip' | 'br'> & { renderStartedAt: number; bytes: number }],
      { id: number }
    >(
      `INSERT INTO pages (key, rendered_at, bytes, purged, crc, head) VALUES (:key, :renderStartedAt, :bytes, :purged, :crc, :head)
       ON CONFLICT (key) DO UPDATE SET rendered_at = excluded.rendered_at, bytes = excluded.bytes, purged = excluded.purged,
         crc = excluded.crc, head = excluded.head WHERE excluded.rendered_at >= pages.rendered_at RETURNING id`,
    ),
    putBodies: db.prepare('INSERT OR REPLACE INTO bodies (id, identity, gzip, br) VALUES (?, ?, ?, ?)'),
    dropTags: db.prepare('DELETE FROM page_tags WHERE id = ?'),
    putTag: db.prepare('INSERT OR IGNORE INTO page_tags (tag, id) VALUES (?, ?)'),
    notePurge: db.prepare(
      'INSERT INTO purges (tag, hard, at) VALUES (?, ?, ?) ON CONFLICT (tag, hard) DO UPDATE SET at = max(at, excluded.at)',
    ),
    purge: db.prepare<{ mark: number; at: number; tag: string }>(
      'UPDATE pages SET purged = :mark WHERE rendered_at <= :at AND purged < :mark AND id IN (SELECT id FROM page_tags WHERE tag = :tag)',
    ),
    forgetPurges: db.prepare(
      'DELETE FROM purges WHERE at < ? OR (tag, hard) IN (SELECT tag, hard FROM purges ORDER BY at DESC LIMIT -1 OFFSET ?)',
    ),
    dropPurged: db.prepare(
      `DELETE FROM pages WHERE id IN (SELECT id FROM pages WHERE purged = 2 LIMIT ${DELETE_PAGES})`,
    ),
    /** The oldest pages, up to the one that frees as many bytes as are given. */
    dropOldest: db.prepare<[number]>(
      `DELETE FROM pages WHERE id IN (
         SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY rendered_at, id) - bytes AS before
                         FROM (SELECT id, rendered_at, bytes FROM pages ORDER BY rendered_at, id LIMIT ${DELETE_PAGES}))
         WHERE before < ?)`,
    ),
    bytes: db.prepare<[], number>('SELECT bytes FROM totals').pluck(),
    anyPurged: db.prepare('SELECT 1 FROM pages WHERE purged = 2 LIMIT 1'),
  };
}

function writePage({ statements }: Connection, page: Page): void {
  let soft = false;
  for (const tag of page.tags) {
    const purged = statements.purgedAt.get(tag, page.renderStartedAt);
    if (purged?.hard === 1) return;
    soft ||= purged !== undefined;
  }
  const { identity, gzip, br, ...row } = rowOf(soft ? { ...page, purged: true } : page);
  const bytes = row.key.length + row.head.length + identity.length + (gzip?.length ?? 0) + (br?.length ?? 0);
  const put = statements.putPage.get({ ...row, renderStartedAt: page.renderStartedAt, bytes });
  // An older copy than the one that is there.
  if (put === undefined) return;
  statements.putBodies.run(put.id, identity, gzip, br);
  statements.dropTags.run(put.id);
  for (const tag of page.tags) statements.putTag.run(tag, put.id);
}

function applyPurge({ statements }: Connection, { tag, hard, at }: Purge): void {
  statements.notePurge.run(tag, hard ? 1 : 0, at);
  statements.purge.run({ mark: hard ? 2 : 1, at, tag });
}

/** Deletes what was purged for good, then the oldest pages over the bound, a few per transaction; the rest the next time. */
function tidy(open: Connection, maxBytes: number): void {
  const { db, statements } = open;
  for (let round = 0; round < DELETE_ROUNDS; round++) {
    const excess = statements.bytes.get()! - maxBytes;
    if (statements.anyPurged.get() !== undefined) inTransaction(open, () => statements.dropPurged.run());
    else if (excess > 0) inTransaction(open, () => statements.dropOldest.run(excess));
    else break;
  }
  const free = db.pragma('freelist_count', { simple: true }) as number;
  if (free > VACUUM_PAGES && free * 4 > (db.pragma('page_count', { simple: true }) as number))
    db.pragma(`incremental_vacuum(${VACUUM_PAGES})`);
}
