import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { codeOf, isLocked } from '../database-file.ts';
import { messageOf } from '../message-of.ts';
import { moduleNear } from '../module-near.ts';
import { freshness } from './freshness.ts';
import { KeysForATime } from './keys-for-a-time.ts';
import type { Page } from './page.ts';
import { asStoreError, PAGE_COLUMNS, type PageRow, pageOf, STORE_VERSION, StoreFileError } from './store-schema.ts';
import type { WriterData, WriterMessage, WriterReply } from './store-thread.ts';
import { type TakenBatch, WriteQueue } from './write-queue.ts';

/** Tells of a problem: at most one line per kind and minute. */
export type ProblemReporter = (kind: string, line: string) => void;

const PROBLEM_EVERY_MS = 60_000;
/** Kinds are error codes: a handful. */
const MAX_KINDS = 100;

export function limitedReporter(
  report: (line: string) => void,
  now: () => number = () => performance.now(),
): ProblemReporter {
  const reported = new KeysForATime(PROBLEM_EVERY_MS, MAX_KINDS, now);
  return (kind, line) => {
    if (reported.has(kind)) return;
    reported.add(kind);
    report(line);
  };
}

/** The reading side of the page store. Never throws into a request: a problem is a miss, and one line. */
export interface PageReader {
  read: (key: string) => Page | undefined;
  /** The pages rendered last, newest first, up to `maxBytes`; none that is dead. */
  newest: (maxBytes: number) => Page[];
  close: () => void;
}

/** How often a missing or replaced file is looked for. */
const LOOK_EVERY_MS = 1_000;
/** A file that was not there is about to be made, by this process or another. */
const ABSENT_LOOK_EVERY_MS = 5;
/** While a process opens the file first, or closes it last, SQLite lets no other in: what lasts no longer is no problem, ms. */
const OPENING_MS = 1_000;
const READABLE = 'FROM pages JOIN bodies USING (id) WHERE purged < 2';

/** `onDamage`: the reader cannot mend the file; a writer that is told can (`PageWriter.suspect`). */
export function openPageReader(path: string, onProblem: ProblemReporter, onDamage: () => void = () => {}): PageReader {
  let db: Database.Database | undefined;
  let byKey: Database.Statement<[string], PageRow> | undefined;
  let inode: number | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let absent = false;
  let busySince: number | undefined;

  const close = (): void => {
    const leaving = db;
    db = undefined;
    byKey = undefined;
    inode = undefined;
    leaving?.close();
  };
  const look = (): void => {
    const now = performance.now();
    if (now - lookedAt < (absent ? ABSENT_LOOK_EVERY_MS : LOOK_EVERY_MS)) return;
    lookedAt = now;
    const found = statSync(path, { throwIfNoEntry: false })?.ino;
    absent = found === undefined;
    if (db !== undefined && found === inode) return;
    close();
    if (found === undefined) return;
    const opened = new Database(path, { readonly: true, fileMustExist: true, timeout: 0 });
    try {
      // Of another version: the writer is about to put it aside.
      if (opened.pragma('user_version', { simple: true }) !== STORE_VERSION) {
        opened.close();
        return;
      }
      byKey = opened.prepare<[string], PageRow>(`SELECT ${PAGE_COLUMNS} ${READABLE} AND key = ?`);
    } catch (error) {
      opened.close();
      throw error;
    }
    db = opened;
    inode = found;
  };
  /** Whether the file has been locked for longer than it takes somebody to open it. */
  const staysLocked = (): boolean => {
    const now = performance.now();
    busySince ??= now;
    return now - busySince >= OPENING_MS;
  };
  const guarded = <T>(work: () => T, otherwise: T): T => {
    try {
      look();
      if (db === undefined) return otherwise;
      const result = work();
      busySince = undefined;
      return result;
    } catch (thrown) {
      const error = asStoreError(thrown);
      const code = codeOf(error) || 'error';
      const busy = isLocked(error);
      if (busy && !staysLocked()) return otherwise;
      onProblem(`read ${code}`, `the page store ${path} cannot be read: ${messageOf(error)}`);
      // A single bad page leaves the others readable; all else is tried again on a new connection.
      if (thrown instanceof StoreFileError || busy) return otherwise;
      closeQuietly();
      if (error instanceof StoreFileError) onDamage();
      return otherwise;
    }
  };
  const closeQuietly = (): void => {
    try {
      close();
    } catch (error) {
      onProblem('read close', `the page store ${path} was not closed: ${messageOf(error)}`);
    }
  };

  return {
    read: (key) =>
      guarded(() => {
        const row = byKey!.get(key);
        return row === undefined ? undefined : pageOf(row);
      }, undefined),
    newest: (maxBytes) =>
      guarded(() => {
        const pages: Page[] = [];
        const now = Date.now();
        let bytes = 0;
        const rows = db!.prepare<[], PageRow & { bytes: number }>(
          `SELECT bytes, ${PAGE_COLUMNS} ${READABLE} ORDER BY rendered_at DESC`,
        );
        for (const row of rows.iterate()) {
          bytes += row.bytes;
          if (bytes > maxBytes) break;
          const page = pageOf(row);
          if (freshness(page, now) !== 'dead') pages.push(page);
        }
        return pages;
      }, []),
    close: closeQuietly,
  };
}

/** The writing side: a thread that writes in the background. SQLite's lock lets one process write at a time. */
export interface PageWriter {
  /** Bounded: when more wait than may, the ones put longest ago are not stored, and counted. */
  put: (page: Page) => void;
  /** `at`: epoch ms. */
  purge: (tags: readonly string[], hard: boolean, at: number) => void;
  /** Resolves when all that was put before is written, or cannot be written for now. */
  flush: () => Promise<void>;
  /** A reader met damage: the file is checked, and made anew where it is damaged. */
  suspect: () => void;
  /** Pages that there was no room for, since the start. */
  readonly dropped: number;
  /** Pages that wait to be written. */
  readonly waiting: number;
  /** Writes what waits, 3 s at most, and ends the thread. */
  close: () => Promise<void>;
}

export interface PageWriterOptions extends WriterData {
  /** The file was made anew, by this process: what was in it is gone. */
  onRenewed?: () => void;
}

const MAX_WAITING_PAGES = 4_096;
const MAX_WAITING_BYTES = 33_554_432;
/** A batch is copied to the thread on the event loop: 1 MiB takes some 0.2 ms. */
const BATCH_PAGES = 64;
const BATCH_BYTES = 1_048_576;
/** How long a page waits for others at most. */
const BATCH_MS = 100;
const RESTART_MS = 1_000;
const CLOSE_MS = 3_000;

export function startPageWriter(
  { path, maxBytes, onRenewed }: PageWriterOptions,
  onProblem: ProblemReporter,
): PageWriter {
  const queue = new WriteQueue({
    maxPages: MAX_WAITING_PAGES,
    maxBytes: MAX_WAITING_BYTES,
    batchPages: BATCH_PAGES,
    batchBytes: BATCH_BYTES,
  });
  const flushes = new Set<{ ticket: number; resolve: () => void }>();
  let thread: Worker | undefined;
  let inFlight: TakenBatch | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Nothing is sent before the timer: the thread failed, or waits for a disk. */
  let pausing = false;
  let closed = false;

  const post = (message: WriterMessage): void => thread?.postMessage(message);
  const send = (): void => {
    clearTimeout(timer);
    timer = undefined;
    pausing = false;
    if (inFlight !== undefined || thread === undefined || queue.isEmpty) return;
    inFlight = queue.take();
    post({ type: 'batch', pages: inFlight.pages.map(({ page }) => page), purges: inFlight.purges });
  };
  const sendWithin = (ms: number): void => {
    if (inFlight !== undefined || pausing) return;
    if (ms === 0) send();
    else timer ??= setTimeout(send, ms).unref();
  };
  const pause = (ms: number): void => {
    clearTimeout(timer);
    pausing = true;
    timer = setTimeout(send, ms).unref();
    settle(Number.POSITIVE_INFINITY);
  };
  /** Resolves the flushes that wait for nothing older than `ticket`. */
  const settle = (ticket: number): void => {
    for (const flush of flushes) {
      if (flush.ticket >= ticket) continue;
      flushes.delete(flush);
      flush.resolve();
    }
  };
  const takeBack = (): void => {
    if (inFlight !== undefined) queue.giveBack(inFlight);
    inFlight = undefined;
  };

  const onReply = (reply: WriterReply): void => {
    switch (reply.type) {
      case 'problem':
        onProblem(reply.kind, reply.line);
        break;
      case 'renewed':
        onRenewed?.();
        break;
      case 'done':
        if (!reply.outcome.written && reply.outcome.canRetry) takeBack();
        inFlight = undefined;
        if (!reply.outcome.written) {
          pause(reply.outcome.retryMs);
        } else {
          settle(queue.oldestTicket);
          if (!queue.isEmpty) sendWithin(queue.isBatch || flushes.size > 0 ? 0 : BATCH_MS);
        }
    }
  };
  const start = (): void => {
    if (closed) return;
    thread = new Worker(moduleNear('./store-thread', import.meta.url), {
      workerData: { path, maxBytes } satisfies WriterData,
    });
    thread.on('message', onReply);
    thread.on('error', (error: Error) =>
      onProblem('thread', `the page store's thread failed: ${error.message}; started again`),
    );
    thread.on('exit', () => {
      thread = undefined;
      takeBack();
      settle(Number.POSITIVE_INFINITY);
      if (!closed) setTimeout(start, RESTART_MS).unref();
    });
    thread.unref();
    sendWithin(BATCH_MS);
  };
  start();

  const flush = (): Promise<void> => {
    if (pausing || thread === undefined || (queue.isEmpty && inFlight === undefined)) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    flushes.add({ ticket: queue.ticket, resolve });
    sendWithin(0);
    return promise;
  };

  return {
    put(page) {
      if (closed) return;
      queue.put(page);
      sendWithin(queue.isBatch ? 0 : BATCH_MS);
    },
    purge(tags, hard, at) {
      for (const tag of tags) queue.purge({ tag, hard, at });
      sendWithin(0);
    },
    flush,
    suspect: () => post({ type: 'suspect' }),
    get dropped() {
      return queue.dropped;
    },
    get waiting() {
      return queue.pages + (inFlight?.pages.length ?? 0);
    },
    async close() {
      closed = true;
      const running = thread;
      if (running === undefined) return;
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      running.once('exit', () => resolve());
      running.ref();
      const late = setTimeout(() => void running.terminate(), CLOSE_MS);
      await flush();
      post({ type: 'close' });
      await ended;
      clearTimeout(late);
      clearTimeout(timer);
    },
  };
}
