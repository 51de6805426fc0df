import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type Database from 'better-sqlite3';
import { MAX_TALLY_TEXT } from '../../traffic/limits.ts';
import { Tally } from '../../traffic/tally.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Steps in which traffic is kept, and for how long, ms. A full minute has some 10 KiB on the disk. */
export const STEPS = [
  { stepMs: MINUTE_MS, keepMs: 2 * DAY_MS },
  { stepMs: HOUR_MS, keepMs: 60 * DAY_MS },
  { stepMs: DAY_MS, keepMs: 730 * DAY_MS },
] as const;
export type StepMs = (typeof STEPS)[number]['stepMs'];

const SCHEMA = `
CREATE TABLE IF NOT EXISTS traffic (
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  views REAL NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (step, at)
) WITHOUT ROWID`;

export interface Kept {
  /** Epoch ms at which it begins. */
  at: number;
  tally: Tally;
}

/** The tallies on the disk: of minutes, hours and days. Rows that cannot be read (another version wrote them) count as absent. */
export class TrafficStore {
  private readonly db: Database.Database;
  private readonly onUnreadable: (step: number, at: number) => void;

  constructor(db: Database.Database, onUnreadable: (step: number, at: number) => void) {
    this.db = db;
    this.onUnreadable = onUnreadable;
    db.exec(SCHEMA);
  }

  put(stepMs: StepMs, at: number, tally: Tally): void {
    this.db
      .prepare('INSERT OR REPLACE INTO traffic (step, at, views, body) VALUES (?, ?, ?, ?)')
      .run(stepMs, at, tally.views, deflateRawSync(tally.toText()));
  }

  /** Those that begin in [fromMs, toMs), oldest first. */
  *range(stepMs: StepMs, fromMs: number, toMs: number): Generator<Kept, void> {
    const rows = this.db
      .prepare('SELECT at, body FROM traffic WHERE step = ? AND at >= ? AND at < ? ORDER BY at')
      .all(stepMs, fromMs, toMs) as { at: number; body: Buffer }[];
    for (const { at, body } of rows) {
      const tally = this.read(stepMs, at, body);
      if (tally !== undefined) yield { at, tally };
    }
  }

  get(stepMs: StepMs, at: number): Tally | undefined {
    const row = this.db.prepare('SELECT body FROM traffic WHERE step = ? AND at = ?').get(stepMs, at) as
      | { body: Buffer }
      | undefined;
    return row === undefined ? undefined : this.read(stepMs, at, row.body);
  }

  /** When they begin, oldest first; not before `fromMs`. */
  starts(stepMs: StepMs, fromMs: number): number[] {
    return this.db
      .prepare('SELECT at FROM traffic WHERE step = ? AND at >= ? ORDER BY at')
      .pluck()
      .all(stepMs, fromMs) as number[];
  }

  /** Page views of each step in [fromMs, toMs), oldest first. */
  views(stepMs: StepMs, fromMs: number, toMs: number): { at: number; views: number }[] {
    return this.db
      .prepare('SELECT at, views FROM traffic WHERE step = ? AND at >= ? AND at < ? ORDER BY at')
      .all(stepMs, fromMs, toMs) as { at: number; views: number }[];
  }

  /** Deletes what was kept long enough. */
  expire(now: number): void {
    const remove = this.db.prepare('DELETE FROM traffic WHERE step = ? AND at < ?');
    for (const { stepMs, keepMs } of STEPS) remove.run(stepMs, now - keepMs);
  }

  private read(stepMs: number, at: number, body: Buffer): Tally | undefined {
    try {
      return Tally.fromText(inflateRawSync(body, { maxOutputLength: MAX_TALLY_TEXT * 4 }).toString());
    } catch {
      this.onUnreadable(stepMs, at);
      return undefined;
    }
  }
}
