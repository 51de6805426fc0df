import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HISTOGRAMS } from '../../../src/engine/metrics/definitions.ts';
import { MAX_ROUTES, RouteLatencies } from '../../../src/engine/monitor/route-latency.ts';
import { openTrafficDb, type TrafficDb } from '../../../src/engine/monitor/traffic-db.ts';

const T0 = 1_800_000_000_000;
const HOUR = 3_600_000;
const KEPT_MS = 30 * 24 * HOUR;
const { buckets } = HISTOGRAMS.http_request_duration_seconds;
/** So many requests that took up to 10 ms, and so many up to 1 s. */
const times = (route: string, fast: number, slow = 0) => ({
  route,
  counts: new Array<number>(buckets.length + 1)
    .fill(0)
    .with(buckets.indexOf(0.01), fast)
    .with(buckets.indexOf(1), slow),
});

let folder: string;
let db: TrafficDb;
let latencies: RouteLatencies;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-latency-'));
  db = openTrafficDb(folder, () => {});
  latencies = new RouteLatencies(db, KEPT_MS);
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});
const counts = (fromMs: number, toMs: number, now = toMs) =>
  latencies.report({ fromMs, toMs }, now).map(({ route, requests }) => [route, requests]);

describe('latency by route', () => {
  test('is told from the first second, most requests first, with its quantiles', () => {
    latencies.add({ at: T0 + 1_000, routes: [times('/', 96, 4), times('/posts', 500)] });
    const [posts, home] = latencies.report({ fromMs: T0, toMs: T0 + 2_000 }, T0 + 2_000);
    expect([posts?.route, home?.route, home?.requests]).toEqual(['/posts', '/', 100]);
    expect(home!.p50).toBeLessThan(10);
    expect(home!.p95).toBeLessThanOrEqual(10);
    expect(home!.p99).toBeGreaterThan(500);
  });

  test('is of the range that is asked for, and whole after a restart within a minute', () => {
    latencies.add({ at: T0 + 1_000, routes: [times('/', 1)] });
    latencies.flush();
    latencies = new RouteLatencies(db, KEPT_MS);
    latencies.add({ at: T0 + 2_000, routes: [times('/', 2)] });
    latencies.add({ at: T0 + 10 * 60_000, routes: [times('/', 40)] });
    expect(counts(T0, T0 + 60_000)).toEqual([['/', 3]]);
    expect(counts(T0, T0 + 11 * 60_000)).toEqual([['/', 43]]);
  });

  test('is in hours where it began over a day ago, and ends with what is kept', () => {
    latencies.add({ at: T0 + 1_000, routes: [times('/', 5)] });
    const later = T0 + 48 * HOUR;
    latencies.add({ at: later, routes: [times('/', 7)] });
    latencies.flush();
    expect(counts(T0, later + 1_000)).toEqual([['/', 12]]);
    expect(db.prepare('SELECT count(*) FROM latency_minutes').pluck().get()).toBe(1);
    latencies.add({ at: T0 + KEPT_MS + 72 * HOUR, routes: [] });
    expect(db.prepare('SELECT count(*) FROM latency_hours').pluck().get()).toBe(0);
  });

  test('tells a bounded number of routes apart', () => {
    for (let route = 0; route < 500; route++) latencies.add({ at: T0 + 1_000, routes: [times(`/${route}`, 1)] });
    const told = counts(T0, T0 + 2_000);
    expect(told).toHaveLength(MAX_ROUTES);
    expect(told[0]).toEqual(['other', 500 - MAX_ROUTES + 1]);
  });
});
