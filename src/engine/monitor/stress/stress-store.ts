import { type StressRun, stressRunSchema } from '../../stress/run-record.ts';
import type { TrafficDb } from '../traffic-db.ts';

/** Runs that are kept: a year of one a day. */
export const MAX_RUNS = 366;

/** Scheduled stress runs, in the monitor's file. */
export class StressStore {
  private readonly db: TrafficDb;

  constructor(db: TrafficDb) {
    this.db = db;
    db.exec('CREATE TABLE IF NOT EXISTS stress_runs (at INTEGER PRIMARY KEY, data TEXT NOT NULL)');
  }

  add(run: StressRun): void {
    const { db } = this;
    db.transaction(() => {
      db.prepare('INSERT OR REPLACE INTO stress_runs (at, data) VALUES (?, ?)').run(
        Math.round(run.at),
        JSON.stringify(run),
      );
      db.prepare('DELETE FROM stress_runs WHERE at NOT IN (SELECT at FROM stress_runs ORDER BY at DESC LIMIT ?)').run(
        MAX_RUNS,
      );
    })();
  }

  /** Oldest first. */
  runs(): StressRun[] {
    const rows = this.db.prepare('SELECT data FROM stress_runs ORDER BY at').all() as { data: string }[];
    return rows.map(({ data }) => stressRunSchema.parse(JSON.parse(data)));
  }
}
