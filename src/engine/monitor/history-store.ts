import type { OpsEvent } from '../monitor-sample.ts';
import type { Values } from './series.ts';
import type { TrafficDb } from './traffic-db.ts';

type Statement = import('better-sqlite3').Statement<unknown[]>;

/** Steps that the history keeps, the shortest first. */
export const TIERS = [
  { name: 'seconds', stepMs: 1_000 },
  { name: 'minutes', stepMs: 60_000 },
  { name: 'hours', stepMs: 3_600_000 },
] as const;
export type Tier = (typeof TIERS)[number];
/** How long each is kept, ms. */
export type KeepMs = Readonly<Record<Tier['name'], number>>;

/** Events that are kept. */
export const MAX_EVENTS = 20_000;

/** A step as it is kept: it ends at `at` and covers `seconds`. */
export interface Step {
  at: number;
  seconds: number;
  values: Values;
  /** Of each worker (worker-places.ts). */
  workers: Values;
}

interface Row {
  at: number;
  seconds: number;
  data: Uint8Array;
  workers: Uint8Array | null;
}

/** The tables of the history. Not bounded by itself: `prune` is to be called now and then. */
export class HistoryStore {
  private readonly db: TrafficDb;
  private readonly inserts: Record<string, Statement>;
  private readonly selects: Record<string, Statement>;
  private readonly deletes: Record<string, Statement>;
  private readonly insertEvent: Statement;
  private readonly selectEvents: Statement;
  private readonly deleteEvents: Statement;

  constructor(db: TrafficDb) {
    this.db = db;
    db.exec(
      TIERS.map(
        ({ name }) =>
          `CREATE TABLE IF NOT EXISTS history_${name} (at INTEGER PRIMARY KEY, seconds REAL NOT NULL, data BLOB NOT NULL);`,
      ).join('\n'),
    );
    db.exec(`
      CREATE TABLE IF NOT EXISTS events (
        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, severity TEXT, text TEXT NOT NULL, data TEXT
      );
      CREATE INDEX IF NOT EXISTS events_by_time ON events (at);
    `);
    for (const { name } of TIERS) addWorkers(db, `history_${name}`);
    const each = (sql: (name: string) => string): Record<string, Statement> =>
      Object.fromEntries(TIERS.map(({ name }) => [name, db.prepare(sql(`history_${name}`))]));
    this.inserts = each((table) => `INSERT OR REPLACE INTO ${table} (at, seconds, data, workers) VALUES (?, ?, ?, ?)`);
    this.selects = each(
      (table) => `SELECT at, seconds, data, workers FROM ${table} WHERE at > ? AND at <= ? ORDER BY at`,
    );
    this.deletes = each((table) => `DELETE FROM ${table} WHERE at <= ?`);
    this.insertEvent = db.prepare('INSERT INTO events (at, kind, severity, text, data) VALUES (?, ?, ?, ?, ?)');
    this.selectEvents = db.prepare(
      'SELECT at, kind, severity, text, data FROM (SELECT * FROM events WHERE at >= ? AND at <= ? ORDER BY at DESC, id DESC LIMIT ?) ORDER BY at, id',
    );
    this.deleteEvents = db.prepare('DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?');
  }

  add(tier: Tier['name'], { at, seconds, values, workers }: Step): void {
    this.inserts[tier]!.run(Math.round(at), seconds, bytesOf(values), bytesOf(workers));
  }

  /** Steps that end after `fromMs`, at `toMs` at the latest. */
  *steps(tier: Tier['name'], fromMs: number, toMs: number): Generator<Step> {
    for (const row of this.selects[tier]!.iterate(fromMs, toMs) as Iterable<Row>) yield stepOf(row);
  }

  /** End of the newest step; undefined: there is none. */
  newest(tier: Tier['name']): number | undefined {
    const { at } = this.db.prepare(`SELECT max(at) AS at FROM history_${tier}`).get() as { at: number | null };
    return at ?? undefined;
  }

  addEvent({ at, kind, severity, text, data }: OpsEvent): void {
    this.insertEvent.run(
      Math.round(at),
      kind,
      severity ?? null,
      text,
      data === undefined ? null : JSON.stringify(data),
    );
  }

  /** Oldest first; of more than `limit` the newest. */
  events(fromMs: number, toMs: number, limit: number): OpsEvent[] {
    const rows = this.selectEvents.all(fromMs, toMs, limit) as {
      at: number;
      kind: OpsEvent['kind'];
      severity: OpsEvent['severity'] | null;
      text: string;
      data: string | null;
    }[];
    return rows.map(({ at, kind, severity, text, data }) => ({
      at,
      kind,
      text,
      ...(severity === null ? {} : { severity: severity as NonNullable<OpsEvent['severity']> }),
      ...(data === null ? {} : { data: JSON.parse(data) as NonNullable<OpsEvent['data']> }),
    }));
  }

  /** Lets go of what is older than it is kept. */
  prune(now: number, keepMs: KeepMs): void {
    for (const { name } of TIERS) this.deletes[name]!.run(now - keepMs[name]);
    this.deleteEvents.run(MAX_EVENTS);
  }
}

/** Files of before have no such column; version 1 of the file is read on. */
function addWorkers(db: TrafficDb, table: string): void {
  const columns = db.pragma(`table_info(${table})`) as { name: string }[];
  if (!columns.some(({ name }) => name === 'workers')) db.exec(`ALTER TABLE ${table} ADD COLUMN workers BLOB`);
}

const bytesOf = (values: Values): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** A copy of its own: a row's bytes need not lie where floats may. */
const valuesIn = (bytes: Uint8Array | null): Values =>
  bytes === null ? new Float32Array() : new Float32Array(bytes.slice().buffer, 0, Math.floor(bytes.byteLength / 4));

const stepOf = ({ at, seconds, data, workers }: Row): Step => ({
  at,
  seconds,
  values: valuesIn(data),
  workers: valuesIn(workers),
});
