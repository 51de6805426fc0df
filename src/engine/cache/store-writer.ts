import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type Database from 'better-sqlite3';
import type { Page } from './page.ts';
import { asStoreError, headText, openForWriting, StoreFileError } from './store-schema.ts';

/** The thread that writes the page store: takes pages and purges by message, writes them in batches. */

export interface WriterData {
  path: string;
  maxBytes: number;
}

export type WriterMessage =
  | { type: 'page'; page: Page }
  | { type: 'purge'; tags: readonly string[]; hard: boolean; at: number }
  | { type: 'flush'; id: number }
  | { type: 'close' };

export type WriterReply = { type: 'flushed'; id: number } | { type: 'problem'; kind: string; line: string } | { type: 'taken' };

/** Pages of one transaction, and how long a page waits for others at most. */
const BATCH_PAGES = 64;
const BATCH_MS = 100;
/** After a failure, the next try waits this long, doubling. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** Pages deleted in one transaction when the store is over its bound: never a long lock. */
const EVICT_PAGES = 64;
/** Purges are of use only while a render begun before them can still be on its way. */
const PURGE_MEMORY_MS = 600_000;
/** The file is looked at this often: someone may have deleted it. */
const FILE_CHECK_MS = 1_000;

const { path, maxBytes } = workerData as WriterData;
const port = parentPort!;
const reply = (message: WriterReply): void => port.postMessage(message);

let db: Database.Database | undefined;
let inode: number | undefined;
let pauseMs = 0;
let pausedUntil = 0;
let checkedAt = 0;
let timer: NodeJS.Timeout | undefined;
const pages = new Map<string, Page>();
const purges: { tags: readonly string[]; hard: boolean; at: number }[] = [];
const flushes: number[] = [];

port.on('message', (message: WriterMessage) => {
  switch (message.type) {
    case 'page':
      pages.set(message.page.key, message.page);
      break;
    case 'purge':
      purges.push(message);
      break;
    case 'flush':
      flushes.push(message.id);
      break;
    case 'close':
      write();
      db?.close();
      port.close();
      return;
  }
  if (flushes.length > 0 || purges.length > 0 || pages.size >= BATCH_PAGES) write();
  else timer ??= setTimeout(write, BATCH_MS);
});

function write(): void {
  clearTimeout(timer);
  timer = undefined;
  const now = Date.now();
  if (now >= pausedUntil && (pages.size > 0 || purges.length > 0)) {
    try {
      const open = reopen(now);
      inTransaction(open, () => {
        for (const purge of purges) applyPurge(open, purge);
        for (const page of pages.values()) writePage(open, page);
        forgetPurges(open, now);
      });
      evict(open);
      pauseMs = 0;
    } catch (error) {
      failed(error, now);
    }
  }
  // What could not be written is rendered again one day; the pages of a pause are not hoarded.
  pages.clear();
  purges.length = 0;
  reply({ type: 'taken' });
  for (const id of flushes.splice(0)) reply({ type: 'flushed', id });
}

/** The connection; a new one when the file was deleted or replaced under it. */
function reopen(now: number): Database.Database {
  if (db !== undefined && now - checkedAt > FILE_CHECK_MS) {
    checkedAt = now;
    if (inodeOf(path) !== inode) {
      db.close();
      db = undefined;
      for (const rest of ['-wal', '-shm']) if (!existsSync(path)) rmSync(path + rest, { force: true });
      reply({ type: 'problem', kind: 'gone', line: 'page store: the file was removed or replaced; made anew' });
    }
  }
  if (db === undefined) {
    db = openForWriting(path);
    inode = inodeOf(path);
  }
  return db;
}

const inodeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.ino;

function inTransaction(open: Database.Database, work: () => void): void {
  open.exec('BEGIN IMMEDIATE');
  try {
    work();
    open.exec('COMMIT');
  } catch (error) {
    if (open.inTransaction) open.exec('ROLLBACK');
    throw error;
  }
}

function writePage(open: Database.Database, page: Page): void {
  const marks = page.tags.map(() => '?').join(',');
  const purged = marks === '' ? undefined : (open.prepare(`SELECT max(hard) AS hard FROM purges WHERE tag IN (${marks}) AND at >= ?`).get(...page.tags, page.renderedAt) as { hard: number | null });
  if (purged?.hard === 1) return;
  const kept = purged?.hard === 0 ? { ...page, purged: true } : page;
  const { identity, gzip, br } = kept.bodies;
  const head = headText(kept);
  const bytes = identity.length + (gzip?.length ?? 0) + (br?.length ?? 0) + head.length;
  const changed = open
    .prepare(
      `INSERT INTO pages (key, rendered_at, bytes, head, identity, gzip, br) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET rendered_at = excluded.rendered_at, bytes = excluded.bytes, head = excluded.head,
         identity = excluded.identity, gzip = excluded.gzip, br = excluded.br WHERE excluded.rendered_at >= pages.rendered_at`,
    )
    .run(kept.key, kept.renderedAt, bytes, head, identity, gzip ?? null, br ?? null).changes;
  if (changed === 0) return;
  open.prepare('DELETE FROM page_tags WHERE key = ?').run(kept.key);
  const tag = open.prepare('INSERT OR IGNORE INTO page_tags (tag, key) VALUES (?, ?)');
  for (const name of kept.tags) tag.run(name, kept.key);
}

function applyPurge(open: Database.Database, { tags, hard, at }: { tags: readonly string[]; hard: boolean; at: number }): void {
  const remember = open.prepare('INSERT INTO purges (tag, at, hard) VALUES (?, ?, ?) ON CONFLICT (tag) DO UPDATE SET at = max(at, excluded.at), hard = max(hard, excluded.hard)');
  const affected = 'key IN (SELECT key FROM page_tags WHERE tag = ?) AND rendered_at <= ?';
  const drop = open.prepare(hard ? `DELETE FROM pages WHERE ${affected}` : `UPDATE pages SET head = json_set(head, '$.purged', json('true')) WHERE ${affected}`);
  for (const tag of tags) {
    remember.run(tag, at, hard ? 1 : 0);
    drop.run(tag, at);
  }
}

function forgetPurges(open: Database.Database, now: number): void {
  open.prepare('DELETE FROM purges WHERE at < ?').run(now - PURGE_MEMORY_MS);
}

/** Oldest pages first, a few per transaction, until the store is within its bound. */
function evict(open: Database.Database): void {
  const total = open.prepare('SELECT coalesce(sum(bytes), 0) AS bytes FROM pages').pluck();
  while ((total.get() as number) > maxBytes) {
    const dropped = open.prepare('DELETE FROM pages WHERE key IN (SELECT key FROM pages ORDER BY rendered_at LIMIT ?)').run(EVICT_PAGES).changes;
    if (dropped === 0) return;
  }
}

function failed(error: unknown, now: number): void {
  const known = asStoreError(error);
  pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs === 0 ? FIRST_PAUSE_MS : pauseMs * 2);
  pausedUntil = now + pauseMs;
  if (known instanceof StoreFileError) {
    db?.close();
    // Another process may have put the damaged file aside already: only the file that we opened is moved.
    if (inode === undefined || inodeOf(path) === inode) {
      if (existsSync(path)) renameSync(path, `${path}.corrupt`);
      for (const rest of ['-wal', '-shm']) rmSync(path + rest, { force: true });
    }
    db = undefined;
    inode = undefined;
    pauseMs = 0;
    pausedUntil = 0;
    reply({ type: 'problem', kind: 'corrupt', line: `${known.message}; put aside as ${path}.corrupt and made anew` });
    return;
  }
  if (db !== undefined && (known as { code?: string }).code?.startsWith('SQLITE_IOERR')) {
    db.close();
    db = undefined;
  }
  reply({ type: 'problem', kind: (known as { code?: string }).code ?? 'error', line: `page store cannot be written: ${(known as Error).message}; tried again in ${pauseMs} ms` });
}
