import Database from 'better-sqlite3';

/** A record is kept for so long, ms: as long as Stripe keeps a key at least. */
export const KEEP_MS = 24 * 60 * 60 * 1_000;
/** Work under way for longer than this is taken for lost, though its process lives, ms. */
export const RUNNING_MS = 10 * 60 * 1_000;
export const MAX_RECORDS = 100_000;
export const MAX_RECORD_BYTES = 64 * 2 ** 20;
/** How long a thread waits for the lock of another, ms; nobody's event loop waits with it. */
const BUSY_MS = 1_000;
/** Records removed at once to make room: one look at the file for many new ones. */
const MAKE_ROOM = 100;

/** What becomes of a request with a key. */
export type Claimed =
  /** It is the first: its work may be done. */
  | { kind: 'run' }
  /** Another is at work on it. */
  | { kind: 'in_progress' }
  | { kind: 'other_body' }
  /** It was done. `answer`: sealed; undefined: it was too large to be kept. */
  | { kind: 'replay'; answer: Buffer | undefined }
  /** All records are of work under way: there is no room for one more. */
  | { kind: 'full' };

export interface RecordFile {
  /** `token`: names this try of this process. */
  claim: (id: Buffer, body: Buffer, token: number) => Claimed;
  /** The work of that try was done, and this is its answer. */
  finish: (id: Buffer, token: number, answer: Buffer | undefined) => void;
  /** The work of that try was not done: the next to come may do it. */
  free: (id: Buffer, token: number) => void;
  /** Runs in one transaction, and returns when it is on the disk. */
  together: (work: () => void) => void;
  close: () => void;
}

export interface RecordFileOptions {
  path: string;
  /** Names this process for as long as it lives. */
  owner: string;
  isAlive: (owner: string) => boolean;
  /** Epoch ms. */
  now?: () => number;
  maxRecords?: number;
  maxBytes?: number;
}

interface Row {
  body: Buffer;
  done: number;
  owner: string;
  at: number;
  answer: Buffer | null;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS records (
  id BLOB PRIMARY KEY, body BLOB NOT NULL, done INTEGER NOT NULL, owner TEXT NOT NULL, at INTEGER NOT NULL, answer BLOB
);
CREATE INDEX IF NOT EXISTS records_at ON records (done, at);
CREATE TABLE IF NOT EXISTS totals (one INTEGER PRIMARY KEY CHECK (one = 1), records INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT OR IGNORE INTO totals VALUES (1, 0, 0);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON records BEGIN
  UPDATE totals SET records = records + 1, bytes = bytes + 150 + coalesce(length(new.answer), 0); END;
CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON records BEGIN
  UPDATE totals SET records = records - 1, bytes = bytes - 150 - coalesce(length(old.answer), 0); END;
CREATE TRIGGER IF NOT EXISTS changed AFTER UPDATE OF answer ON records BEGIN
  UPDATE totals SET bytes = bytes + coalesce(length(new.answer), 0) - coalesce(length(old.answer), 0); END;
`;

function openDatabase(path: string): Database.Database {
  const db = new Database(path, { timeout: BUSY_MS });
  try {
    db.pragma('journal_mode = WAL');
    // What was promised to be done once holds after a power cut, too.
    db.pragma('synchronous = FULL');
    db.transaction(() => db.exec(SCHEMA)).immediate();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The file of requests that are to be done once, shared by all workers. Only for a thread: it waits for locks and the disk. */
export function openRecordFile(options: RecordFileOptions): RecordFile {
  const { path, owner, isAlive, now = Date.now, maxRecords = MAX_RECORDS, maxBytes = MAX_RECORD_BYTES } = options;
  const db = openDatabase(path);

  const get = db.prepare<[Buffer], Row>('SELECT body, done, owner, at, answer FROM records WHERE id = ?');
  const insert = db.prepare(
    'INSERT INTO records (id, body, done, owner, at, answer) VALUES (:id, :body, 0, :owner, :at, NULL)',
  );
  const takeOver = db.prepare('UPDATE records SET owner = :owner, at = :at WHERE id = :id');
  const setDone = db.prepare(
    'UPDATE records SET done = 1, answer = :answer, at = :at WHERE id = :id AND owner = :owner AND done = 0',
  );
  const remove = db.prepare('DELETE FROM records WHERE id = ?');
  const removeRunning = db.prepare('DELETE FROM records WHERE id = :id AND owner = :owner AND done = 0');
  const removeOld = db.prepare(
    'DELETE FROM records WHERE id IN (SELECT id FROM records WHERE done = :done AND at < :before ORDER BY at LIMIT :most)',
  );
  const totals = db.prepare<[], { records: number; bytes: number }>('SELECT records, bytes FROM totals');

  const tried = (token: number): string => `${owner}#${token}`;
  /** Whether there is room for one more. */
  const makeRoom = (): boolean => {
    const at = now();
    const isFull = (): boolean => {
      const { records, bytes } = totals.get()!;
      return records >= maxRecords || bytes >= maxBytes;
    };
    removeOld.run({ done: 1, before: at - KEEP_MS, most: MAKE_ROOM });
    removeOld.run({ done: 0, before: at - KEEP_MS, most: MAKE_ROOM });
    while (isFull()) {
      const most = Math.min(MAKE_ROOM, Math.max(1, Math.floor(maxRecords / 10)));
      if (removeOld.run({ done: 1, before: at + 1, most }).changes === 0) return false;
    }
    return true;
  };

  return {
    claim(id, body, token) {
      const at = now();
      let row = get.get(id);
      if (row !== undefined && row.at < at - KEEP_MS) {
        remove.run(id);
        row = undefined;
      }
      if (row === undefined) {
        if (!makeRoom()) return { kind: 'full' };
        insert.run({ id, body, owner: tried(token), at });
        return { kind: 'run' };
      }
      if (!row.body.equals(body)) return { kind: 'other_body' };
      if (row.done === 1) return { kind: 'replay', answer: row.answer ?? undefined };
      if (row.at > at - RUNNING_MS && isAlive(row.owner.split('#', 1)[0]!)) return { kind: 'in_progress' };
      takeOver.run({ id, owner: tried(token), at });
      return { kind: 'run' };
    },
    finish: (id, token, answer) => void setDone.run({ id, owner: tried(token), answer: answer ?? null, at: now() }),
    free: (id, token) => void removeRunning.run({ id, owner: tried(token) }),
    together: (work) => db.transaction(work).immediate(),
    close: () => void db.close(),
  };
}
