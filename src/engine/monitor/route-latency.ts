import { HISTOGRAMS } from '../metrics/definitions.ts';
import { quantile } from '../metrics/quantile.ts';
import type { RouteTimes, Sample } from '../monitor-sample.ts';
import type { TrafficDb } from './traffic-db.ts';

const BUCKETS = HISTOGRAMS.http_request_duration_seconds.buckets;
/** Routes that are told apart in one row. */
export const MAX_ROUTES = 50;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** So long minutes are kept; hours as long as those of the history. */
const MINUTES_KEPT_MS = 86_400_000;
const PRUNE_EVERY_MS = HOUR_MS;

/** How long the requests of a route took, ms. */
export interface RouteLatency {
  route: string;
  requests: number;
  p50: number;
  p95: number;
  p99: number;
}

/** Counts per bucket, by route. */
class Times {
  readonly routes = new Map<string, number[]>();

  add({ route, counts }: RouteTimes): void {
    if (counts.length !== BUCKETS.length + 1) return;
    const name = this.routes.size < MAX_ROUTES - 1 || this.routes.has(route) ? route : 'other';
    const sums = this.routes.get(name) ?? new Array<number>(counts.length).fill(0);
    for (const [index, count] of counts.entries()) sums[index]! += count;
    this.routes.set(name, sums);
  }

  addAll(all: Iterable<[route: string, counts: number[]]>): void {
    for (const [route, counts] of all) this.add({ route, counts });
  }
}

/** Latency by route: minutes of a day, and hours. */
export class RouteLatencies {
  private readonly db: TrafficDb;
  private readonly hoursKeptMs: number;
  private open: { at: number; times: Times } | undefined;
  private prunedAt = Number.NEGATIVE_INFINITY;

  constructor(db: TrafficDb, hoursKeptMs: number) {
    this.db = db;
    this.hoursKeptMs = hoursKeptMs;
    db.exec(`
      CREATE TABLE IF NOT EXISTS latency_minutes (at INTEGER PRIMARY KEY, data TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS latency_hours (at INTEGER PRIMARY KEY, data TEXT NOT NULL);
    `);
  }

  add({ at, routes }: Pick<Sample, 'at' | 'routes'>): void {
    const minute = Math.floor((at - 1) / MINUTE_MS) * MINUTE_MS;
    if (this.open !== undefined && this.open.at !== minute) this.flush();
    this.open ??= { at: minute, times: new Times() };
    for (const route of routes) this.open.times.add(route);
    if (at - this.prunedAt < PRUNE_EVERY_MS) return;
    this.prunedAt = at;
    this.db.prepare('DELETE FROM latency_minutes WHERE at < ?').run(at - MINUTES_KEPT_MS);
    this.db.prepare('DELETE FROM latency_hours WHERE at < ?').run(at - this.hoursKeptMs);
  }

  /** Writes the minute that is not at its end; what comes still is added to it. */
  flush(): void {
    if (this.open === undefined) return;
    const { at, times } = this.open;
    this.open = undefined;
    if (times.routes.size === 0) return;
    this.db.transaction(() => {
      this.mergeInto('latency_minutes', at, times);
      this.mergeInto('latency_hours', Math.floor(at / HOUR_MS) * HOUR_MS, times);
    })();
  }

  /** Most requests first. A range is taken in whole minutes, one that begins over a day ago in whole hours. */
  report({ fromMs, toMs }: { fromMs: number; toMs: number }, now: number): RouteLatency[] {
    const [table, stepMs] =
      fromMs >= now - MINUTES_KEPT_MS
        ? (['latency_minutes', MINUTE_MS] as const)
        : (['latency_hours', HOUR_MS] as const);
    const times = new Times();
    const rows = this.db
      .prepare(`SELECT data FROM ${table} WHERE at > ? AND at < ? ORDER BY at`)
      .pluck()
      .iterate(fromMs - stepMs, toMs) as Iterable<string>;
    for (const data of rows) times.addAll(JSON.parse(data));
    if (this.open !== undefined && this.open.at > fromMs - MINUTE_MS && this.open.at < toMs)
      times.addAll(this.open.times.routes);
    return [...times.routes]
      .map(([route, counts]) => ({
        route,
        requests: counts.reduce((sum, count) => sum + count, 0),
        p50: quantile(counts, BUCKETS, 0.5) * 1_000,
        p95: quantile(counts, BUCKETS, 0.95) * 1_000,
        p99: quantile(counts, BUCKETS, 0.99) * 1_000,
      }))
      .sort((a, b) => b.requests - a.requests);
  }

  private mergeInto(table: string, at: number, times: Times): void {
    const merged = new Times();
    const before = this.db.prepare(`SELECT data FROM ${table} WHERE at = ?`).pluck().get(at) as string | undefined;
    if (before !== undefined) merged.addAll(JSON.parse(before));
    merged.addAll(times.routes);
    this.db
      .prepare(`INSERT OR REPLACE INTO ${table} (at, data) VALUES (?, ?)`)
      .run(at, JSON.stringify([...merged.routes]));
  }
}
