import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { Page } from './page.ts';
import { type PageRow, pageOf, STORE_VERSION } from './store-schema.ts';
import type { WriterData, WriterMessage, WriterReply } from './store-writer.ts';

/** One line per kind of problem and minute. */
export type ProblemReporter = (kind: string, line: string) => void;

const PROBLEM_EVERY_MS = 60_000;

export function limitedReporter(report: (line: string) => void, now: () => number = () => performance.now()): ProblemReporter {
  const told = new Map<string, number>();
  return (kind, line) => {
    const last = told.get(kind);
    if (last !== undefined && now() - last < PROBLEM_EVERY_MS) return;
    if (told.size > 100) told.clear();
    told.set(kind, now());
    report(line);
  };
}

/** The reading side of the page store. Never throws into a request: a problem is a miss, and one line. */
export interface PageReader {
  read: (key: string) => Page | undefined;
  /** The pages rendered last, newest first, up to `maxBytes`. */
  newest: (maxBytes: number) => Page[];
  close: () => void;
}

/** How often a missing or replaced file is looked for. */
const LOOK_EVERY_MS = 1_000;

export function openPageReader(path: string, onProblem: ProblemReporter): PageReader {
  let db: Database.Database | undefined;
  let byKey: Database.Statement<[string], PageRow> | undefined;
  let inode: number | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  const close = (): void => {
    db?.close();
    db = undefined;
    byKey = undefined;
  };
  const look = (): void => {
    const now = performance.now();
    if (now - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = now;
    const found = statSync(path, { throwIfNoEntry: false })?.ino;
    if (found === inode && db !== undefined) return;
    close();
    inode = found;
    if (found === undefined) return;
    const opened = new Database(path, { readonly: true, timeout: 0 });
    if (opened.pragma('user_version', { simple: true }) !== STORE_VERSION) {
      // The writer has not made the tables yet, or makes the file anew.
      opened.close();
      inode = undefined;
      return;
    }
    db = opened;
    byKey = db.prepare<[string], PageRow>('SELECT key, head, identity, gzip, br FROM pages WHERE key = ?');
  };
  const guarded = <T>(work: () => T, otherwise: T): T => {
    try {
      look();
      return db === undefined ? otherwise : work();
    } catch (error) {
      onProblem((error as { code?: string }).code ?? 'error', `page store cannot be read: ${(error as Error).message}`);
      close();
      inode = undefined;
      return otherwise;
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
        let bytes = 0;
        for (const row of db!.prepare<[], PageRow & { bytes: number }>('SELECT key, bytes, head, identity, gzip, br FROM pages ORDER BY rendered_at DESC').iterate()) {
          bytes += row.bytes;
          if (bytes > maxBytes) break;
          pages.push(pageOf(row));
        }
        return pages;
      }, []),
    close,
  };
}

/** The writing side: a thread that writes in the background. SQLite's lock lets one process write at a time. */
export interface PageWriter {
  /** Bounded: when more wait than may, the page is not stored, and counted. */
  put: (page: Page) => void;
  purge: (tags: readonly string[], hard: boolean, at: number) => void;
  /** Resolves when all that was put before is written (or was given up). */
  flush: () => Promise<void>;
  readonly dropped: number;
  close: () => Promise<void>;
}

/** Pages on their way to the thread. */
const MAX_PENDING = 512;

export function startPageWriter(data: WriterData, onProblem: ProblemReporter): PageWriter {
  let thread: Worker | undefined;
  let pending = 0;
  let dropped = 0;
  let nextFlush = 0;
  let closed = false;
  const flushes = new Map<number, () => void>();

  const start = (): void => {
    thread = new Worker(new URL('./store-writer.ts', import.meta.url), { workerData: data });
    thread.on('message', (message: WriterReply) => {
      if (message.type === 'problem') onProblem(message.kind, message.line);
      else if (message.type === 'taken') pending = 0;
      else {
        pending = 0;
        flushes.get(message.id)?.();
        flushes.delete(message.id);
      }
    });
    thread.on('error', (error: Error) => onProblem('thread', `the page store's thread failed: ${error.message}; started again`));
    thread.on('exit', () => {
      for (const resolve of flushes.values()) resolve();
      flushes.clear();
      pending = 0;
      thread = undefined;
      if (!closed) setTimeout(start, 1_000).unref();
    });
    thread.unref();
  };
  const send = (message: WriterMessage): void => thread?.postMessage(message);
  start();

  return {
    put(page) {
      if (pending >= MAX_PENDING) {
        dropped += 1;
        return;
      }
      pending += 1;
      send({ type: 'page', page });
    },
    purge: (tags, hard, at) => send({ type: 'purge', tags, hard, at }),
    flush() {
      if (thread === undefined) return Promise.resolve();
      const id = nextFlush++;
      const { promise, resolve } = Promise.withResolvers<void>();
      flushes.set(id, resolve);
      send({ type: 'flush', id });
      return promise;
    },
    get dropped() {
      return dropped;
    },
    async close() {
      closed = true;
      const running = thread;
      if (running === undefined) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      send({ type: 'close' });
      await ended;
    },
  };
}
