import { setTimeout as delay } from 'node:timers/promises';
import { isLocked } from '../../engine/database-file.ts';
import { budgetOfProcess } from '../../engine/features/retry-budget.ts';
import { doneBefore, noteDone, onceKey } from './done-writes.ts';
import { type Db, openReader, openWriter } from './open.ts';
import { noteWait } from './waits.ts';

/** First and longest pause before another try for the lock, ms; each pause is drawn from the upper half of the doubling. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;
/**
 * So long anybody may wait for the lock: writers take turns, and a turn takes some milliseconds. To go on for as long again
 * is a retry, of which there are a tenth of the calls: with a lock that stays, threads must not all wait for it.
 */
export const TURN_MS = 500;
/** Data folders that one thread keeps open. One in a server; more only in tests. */
const MAX_OPEN = 4;

/** The lock was not free before the deadline, or for longer than there are retries for. */
export class DatabaseBusyError extends Error {
  readonly code = 'DATABASE_BUSY';
  override readonly name = 'DatabaseBusyError';
  constructor(waitedMs: number) {
    super(`the database was locked by another writer for ${Math.round(waitedMs)} ms: try later`);
  }
}

const writers = new Map<string, Db>();
const readers = new Map<string, Db>();

function connection(kept: Map<string, Db>, dataDir: string, open: (dataDir: string) => Db): Db {
  let db = kept.get(dataDir);
  if (db === undefined) {
    const [oldest] = kept;
    if (oldest !== undefined && kept.size >= MAX_OPEN) {
      kept.delete(oldest[0]);
      oldest[1].close();
    }
    db = open(dataDir);
    kept.set(dataDir, db);
  }
  return db;
}

/** Closes this thread's connections. */
export function closeConnections(): void {
  for (const kept of [writers, readers]) {
    for (const db of kept.values()) db.close();
    kept.clear();
  }
}

/** The one of the worker, which its calls of `context.fetch` draw on, too. */
const budget = budgetOfProcess();

/** The lock, or the connection itself, was not to be had: the next try may. */
async function retryWhileBusy<T>(signal: AbortSignal, attempt: () => T): Promise<T> {
  const began = performance.now();
  let turnEnds = began + TURN_MS;
  const givenUp = (): DatabaseBusyError => {
    const waitedMs = performance.now() - began;
    noteWait(waitedMs);
    return new DatabaseBusyError(waitedMs);
  };
  budget.noteCall();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    signal.throwIfAborted();
    try {
      return attempt();
    } catch (error) {
      if (!isLocked(error)) throw error;
    }
    if (performance.now() >= turnEnds) {
      if (!budget.take()) throw givenUp();
      turnEnds += TURN_MS;
    }
    try {
      await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal });
    } catch {
      throw givenUp();
    }
  }
}

/** The work of a write, or what it gave when its request did it before. What refuses (`ok: false`) has written nothing. */
function once<T>(db: Db, work: (db: Db) => T): T {
  const key = onceKey.getStore();
  if (key === undefined) return work(db);
  const before = doneBefore(db, key);
  if (before !== undefined) return before.result as T;
  const result = work(db);
  if ((result as { ok?: unknown } | undefined)?.ok !== false) noteDone(db, key, result, Date.now());
  return result;
}

/**
 * What the write of this request gave when it was done before; undefined: it was not. For a task that looks at something
 * before it writes, which its own write has changed.
 */
export async function writtenBefore<T>(dataDir: string, signal: AbortSignal): Promise<T | undefined> {
  const key = onceKey.getStore();
  if (key === undefined) return undefined;
  return longRead(dataDir, signal, (db) => doneBefore(db, key)?.result as T | undefined);
}

/**
 * Runs a write in a transaction that owns the lock from its start, on this thread's connection. Only in the thread pool
 * and in scripts: it waits for the lock and for the disk. What `work` throws undoes it.
 * A request with an idempotency key has each of its tasks write once: further tries get what the first gave.
 * @param work synchronous; sees and changes the database alone; what it gives can be JSON
 * @throws {DatabaseBusyError} no lock before `signal` aborted, or in its turn and with no retry left
 */
export async function write<T>(dataDir: string, signal: AbortSignal, work: (db: Db) => T): Promise<T> {
  const began = performance.now();
  // Begun, done and committed in one turn: two writes on one connection never meet.
  return retryWhileBusy(signal, () => {
    const db = connection(writers, dataDir, openWriter);
    db.exec('BEGIN IMMEDIATE');
    noteWait(performance.now() - began);
    try {
      const result = once(db, work);
      db.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite ends the transaction itself after some failures, such as a full disk.
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  });
}

/**
 * Runs a read that may be long on this thread's own reading connection. Only in the thread pool and in scripts.
 * @throws {DatabaseBusyError} not readable before `signal` aborted
 */
export const longRead = <T>(dataDir: string, signal: AbortSignal, work: (db: Db) => T): Promise<T> =>
  retryWhileBusy(signal, () => work(connection(readers, dataDir, openReader)));
