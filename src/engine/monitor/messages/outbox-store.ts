import type { TrafficDb } from '../traffic-db.ts';
import type { AlertMessage } from './message.ts';

type Statement = import('better-sqlite3').Statement<unknown[]>;

/** Messages that wait; one more takes the place of the oldest. */
export const MAX_WAITING = 500;
/** Those that are done are remembered, so that none is queued twice. */
const MAX_DONE = 1_000;

export interface Waiting {
  message: AlertMessage;
  channel: string;
  attempts: number;
  createdAt: number;
  nextAt: number;
}

interface Row {
  channel: string;
  data: string;
  attempts: number;
  created_at: number;
  next_at: number;
}

/** The messages that are still to be told, and those that were: outlives the process. Bounded. */
export class OutboxStore {
  private readonly insert: Statement;
  private readonly trim: Statement;
  private readonly forget: Statement;
  private readonly soonest: Statement;
  private readonly later: Statement;
  private readonly finish: Statement;
  private readonly countWaiting: Statement;

  constructor(db: TrafficDb) {
    db.exec(`
      CREATE TABLE IF NOT EXISTS outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, channel TEXT NOT NULL, data TEXT NOT NULL,
        created_at INTEGER NOT NULL, next_at INTEGER NOT NULL, attempts INTEGER NOT NULL, done TEXT,
        UNIQUE (id, channel)
      );
    `);
    this.insert = db.prepare(
      'INSERT OR IGNORE INTO outbox (id, channel, data, created_at, next_at, attempts) VALUES (?, ?, ?, ?, ?, 0)',
    );
    this.trim = db.prepare(
      'DELETE FROM outbox WHERE done IS NULL AND seq NOT IN (SELECT seq FROM outbox WHERE done IS NULL ORDER BY seq DESC LIMIT ?)',
    );
    this.forget = db.prepare(
      'DELETE FROM outbox WHERE done IS NOT NULL AND seq NOT IN (SELECT seq FROM outbox WHERE done IS NOT NULL ORDER BY seq DESC LIMIT ?)',
    );
    // Of each channel the oldest first: what is over must not be told before it began.
    this.soonest = db.prepare(
      'SELECT channel, data, attempts, created_at, next_at FROM outbox WHERE seq IN (SELECT min(seq) FROM outbox WHERE done IS NULL GROUP BY channel) ORDER BY next_at',
    );
    this.later = db.prepare('UPDATE outbox SET attempts = attempts + 1, next_at = ? WHERE id = ? AND channel = ?');
    this.finish = db.prepare('UPDATE outbox SET done = ? WHERE id = ? AND channel = ?');
    this.countWaiting = db.prepare('SELECT count(*) AS count FROM outbox WHERE done IS NULL');
  }

  /** Queues a message, once for each id and channel. Returns how many others had to make room. */
  add(message: AlertMessage, channel: string, now: number): number {
    this.insert.run(message.id, channel, JSON.stringify(message), now, now);
    return this.trim.run(MAX_WAITING).changes;
  }

  /** The next one of each channel, the soonest first. */
  next(): Waiting[] {
    return (this.soonest.all() as Row[]).map((row) => ({
      message: JSON.parse(row.data) as AlertMessage,
      channel: row.channel,
      attempts: row.attempts,
      createdAt: row.created_at,
      nextAt: row.next_at,
    }));
  }

  get waiting(): number {
    return (this.countWaiting.get() as { count: number }).count;
  }

  again({ message, channel }: Waiting, nextAt: number): void {
    this.later.run(Math.round(nextAt), message.id, channel);
  }

  /** It is told, or given up: `how`. */
  done({ message, channel }: Waiting, how: 'sent' | 'given up'): void {
    this.finish.run(how, message.id, channel);
    this.forget.run(MAX_DONE);
  }
}
