import { type AlertState, inactive } from '../../alerts/evaluate.ts';
import type { TrafficDb } from '../traffic-db.ts';

type Statement = import('better-sqlite3').Statement<unknown[]>;

/** Longest time for which an alert can be muted, ms. */
export const MAX_MUTE_MS = 30 * 86_400_000;

/** Where each alert stands, and which are muted: outlives the process. */
export class AlertStore {
  private readonly db: TrafficDb;
  private readonly put: Statement;
  private readonly putMute: Statement;

  constructor(db: TrafficDb) {
    this.db = db;
    db.exec(`
      CREATE TABLE IF NOT EXISTS alert_states (name TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS alert_mutes (name TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
    `);
    this.put = db.prepare('INSERT OR REPLACE INTO alert_states (name, data) VALUES (?, ?)');
    this.putMute = db.prepare('INSERT OR REPLACE INTO alert_mutes (name, until) VALUES (?, ?)');
  }

  /** The states of these rules; one that cannot be read begins anew. */
  states(names: readonly string[], now: number): Map<string, AlertState> {
    const rows = this.db.prepare('SELECT name, data FROM alert_states').all() as { name: string; data: string }[];
    const kept = new Map(rows.map(({ name, data }) => [name, JSON.parse(data) as Partial<AlertState>]));
    return new Map(names.map((name) => [name, { ...inactive(name, now), ...kept.get(name), name }]));
  }

  save(state: AlertState): void {
    this.put.run(state.name, JSON.stringify(state));
  }

  mutes(): Map<string, number> {
    const rows = this.db.prepare('SELECT name, until FROM alert_mutes').all() as { name: string; until: number }[];
    return new Map(rows.map(({ name, until }) => [name, until]));
  }

  mute(name: string, until: number): void {
    this.putMute.run(name, Math.round(until));
  }
}
