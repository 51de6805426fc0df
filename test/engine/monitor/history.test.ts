import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { History, RECORDER_MS } from '../../../src/engine/monitor/history.ts';
import { MAX_EVENTS } from '../../../src/engine/monitor/history-store.ts';
import { RouteLatencies } from '../../../src/engine/monitor/route-latency.ts';
import { keepWithin, usedBytes } from '../../../src/engine/monitor/size-bound.ts';
import { TrafficStore } from '../../../src/engine/monitor/traffic/traffic-store.ts';
import { openTrafficDb, putAside, type TrafficDb } from '../../../src/engine/monitor/traffic-db.ts';
import { MAX_PLACES } from '../../../src/engine/monitor/worker-places.ts';
import type { Sample } from '../../../src/engine/monitor-sample.ts';
import { sampleOf } from '../alerts/sample.ts';
import { sampleAt } from './ops/fixture.ts';

const T0 = 1_800_000_000_000;
const KEEP_MS = { seconds: 3_600_000, minutes: 30 * 86_400_000, hours: 730 * 86_400_000 };
const SERVING = sampleAt(T0).workers[0]!;
let folder: string;
let db: TrafficDb;
let history: History;
const open = (): void => {
  db = openTrafficDb(folder, () => {});
  history = new History(db, KEEP_MS);
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-history-'));
  open();
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});
const feed = (from: number, to: number, rate = 10, step = 1): void => {
  for (let second = from + step; second <= to; second += step)
    history.add(sampleOf(T0 + second * 1_000, { fresh: rate * step }, { seconds: step }));
};
const fresh = (from: number, to: number, points: number) => {
  const { stepMs, series } = history.query({ fromMs: T0 + from * 1_000, toMs: T0 + to * 1_000, points });
  return { stepMs, values: series['rate.fresh'] };
};
const rows = (table: string): number => (db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;

describe('the history', () => {
  test('gives seconds, and longer steps where there are too many', () => {
    feed(0, 60);
    expect(fresh(0, 5, 100)).toEqual({ stepMs: 1_000, values: [10, 10, 10, 10, 10] });
    expect(fresh(0, 60, 6)).toEqual({ stepMs: 10_000, values: [10, 10, 10, 10, 10, 10] });
  });

  test('holds a bounded number of whole samples, however often they come', () => {
    feed(0, 400, 10, 0.5);
    expect(history.samples(T0, T0 + 400_000)).toHaveLength(700);
  });

  test('takes a sample of five seconds for each of them', () => {
    feed(0, 10, 3, 5);
    expect(fresh(0, 10, 100).values).toEqual([3, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
  });

  test('shows a time without samples as nothing, and marks it once', () => {
    feed(0, 10);
    feed(20, 30);
    expect(fresh(8, 22, 100).values).toEqual([
      10,
      10,
      null,
      null,
      null,
      null,
      null,
      null,
      null,
      null,
      null,
      null,
      10,
      10,
    ]);
    expect(history.events({ fromMs: 0, toMs: T0 * 2 })).toMatchObject([
      { kind: 'gap', data: { fromMs: T0 + 10_000, toMs: T0 + 20_000 } },
    ]);
  });

  test('goes on after a restart with the gap marked, and its minutes are whole', () => {
    feed(0, 90);
    db.close();
    open();
    feed(95, 180);
    expect(fresh(88, 97, 100).values).toEqual([10, 10, null, null, null, null, null, 10, 10]);
    expect(history.events({ fromMs: 0, toMs: T0 * 2 }).map(({ kind }) => kind)).toEqual(['gap']);
    feed(180, 181);
    const minutes = db.prepare('SELECT seconds FROM history_minutes ORDER BY at').all();
    expect(minutes).toEqual([{ seconds: 60 }, { seconds: 55 }, { seconds: 60 }]);
  });

  test('does not count a sample twice', () => {
    feed(0, 10);
    expect(history.add(sampleOf(T0 + 10_000))).toBe(false);
    expect(rows('history_seconds')).toBe(10);
  });

  test('keeps seconds for an hour, minutes and hours for longer', () => {
    feed(0, 3 * 3_600, 10, 5);
    expect(rows('history_seconds')).toBeLessThanOrEqual(3_600 / 5 + 13);
    expect([rows('history_minutes'), rows('history_hours')]).toEqual([179, 2]);
    expect(fresh(0, 2 * 3_600, 120).values!.slice(0, 119)).toEqual(new Array(119).fill(10));
  });

  test('keeps each step as long as it is told to', () => {
    db.close();
    db = openTrafficDb(folder, () => {});
    history = new History(db, { seconds: 600_000, minutes: 3_600_000, hours: 2 * 3_600_000 });
    feed(0, 6 * 3_600, 10, 5);
    expect(rows('history_seconds')).toBeLessThanOrEqual(600 / 5 + 13);
    expect(rows('history_minutes')).toBeLessThanOrEqual(61);
    expect(rows('history_hours')).toBeLessThanOrEqual(2);
  });

  test('has a line for each worker, which goes on when another takes its place', () => {
    const one = (name: string, elu: number, lagP99Ms = 5) => ({ ...SERVING, name, elu, lagP99Ms });
    const add = (second: number, workers: Sample['workers']) =>
      history.add(sampleOf(T0 + second * 1_000, {}, { workers }));
    add(1, [one('worker-1', 0.25), one('worker-2', 0.5)]);
    add(2, [one('worker-2', 0.5)]);
    add(3, [one('worker-2', 0.5), one('worker-3', 0.75, 40)]);
    const { series } = history.query({ fromMs: T0, toMs: T0 + 3_000, points: 3 });
    expect(series['elu.1']).toEqual([0.25, null, 0.75]);
    expect(series['elu.2']).toEqual([0.5, 0.5, 0.5]);
    expect(series['lag.1']).toEqual([5, null, 40]);
    expect(history.query({ fromMs: T0, toMs: T0 + 3_000, points: 1 }).series['lag.1']).toEqual([40]);
  });

  test('has lines for so many workers', () => {
    const workers = Array.from({ length: MAX_PLACES + 9 }, (_, index) => ({ ...SERVING, name: `worker-${index}` }));
    history.add(sampleOf(T0 + 1_000, {}, { workers }));
    const { series } = history.query({ fromMs: T0, toMs: T0 + 1_000, points: 1 });
    expect([`elu.${MAX_PLACES}` in series, `elu.${MAX_PLACES + 1}` in series]).toEqual([true, false]);
  });

  test('reads a file from before there were lines of workers', () => {
    feed(0, 5);
    for (const table of ['history_seconds', 'history_minutes', 'history_hours'])
      db.exec(`ALTER TABLE ${table} DROP COLUMN workers`);
    db.close();
    open();
    feed(5, 10);
    expect(fresh(0, 10, 10).values).toEqual(new Array(10).fill(10));
  });

  test('lets the oldest go over its size, on and on', () => {
    new RouteLatencies(db, 1e9);
    new TrafficStore(db, () => {});
    const insert = db.prepare('INSERT INTO history_minutes (at, seconds, data) VALUES (?, 60, zeroblob(4000))');
    db.transaction(() => {
      for (let minute = 0; minute < 1_000; minute++) insert.run(minute);
    })();
    expect(keepWithin(db, usedBytes(db))).toBe(false);
    const most = usedBytes(db) / 2;
    while (keepWithin(db, most));
    expect(usedBytes(db)).toBeLessThanOrEqual(most);
    const { first, last } = db.prepare('SELECT min(at) AS first, max(at) AS last FROM history_minutes').get() as never;
    expect([first > 300, last]).toEqual([true, 999]);
  });

  test('keeps whole samples for ten minutes', () => {
    feed(0, 3_000);
    const samples = history.samples(0, T0 * 2);
    expect(samples.length).toBeLessThanOrEqual(RECORDER_MS / 1_000 + 1);
    expect(samples[0]!.at).toBeGreaterThanOrEqual(T0 + 3_000_000 - RECORDER_MS);
  });

  test('keeps so many events, and gives back what was noted', () => {
    const insert = db.prepare("INSERT INTO events (at, kind, text) VALUES (?, 'note', 'x')");
    db.transaction(() => {
      for (let index = 0; index < MAX_EVENTS + 50; index++) insert.run(T0 + index);
    })();
    history.note({ at: T0 - 5, kind: 'note', text: 'said', severity: 'warn', data: { by: 'me' } });
    expect(history.events({ fromMs: T0 - 10, toMs: T0 - 1 })).toEqual([
      { at: T0 - 5, kind: 'note', text: 'said', severity: 'warn', data: { by: 'me' } },
    ]);
    feed(0, 61);
    expect(rows('events')).toBeLessThanOrEqual(MAX_EVENTS);
  });

  test('gives no more points than can be drawn', () => {
    feed(0, 10);
    expect(history.query({ fromMs: T0 - 1e9, toMs: T0 + 10_000, points: 1e9 }).at.length).toBeLessThanOrEqual(2_000);
  });
});

test('a damaged file is put aside, and history begins anew', () => {
  db.close();
  writeFileSync(join(folder, 'traffic.db'), 'this is no database, and was never one'.repeat(200));
  const lines: string[] = [];
  db = openTrafficDb(folder, (line) => lines.push(line));
  history = new History(db, KEEP_MS);
  feed(0, 5);
  expect([lines.length, rows('history_seconds')]).toEqual([1, 5]);
});

test('a file that is put aside while it is in use is begun anew by the next who opens it', () => {
  feed(0, 5);
  putAside(db.name);
  db.close();
  putAside(join(folder, 'traffic.db'));
  open();
  expect([existsSync(join(folder, 'traffic.db.old')), rows('history_seconds')]).toEqual([true, 0]);
});

test('a file that cannot be opened for another reason keeps its history, and the monitor works without it', () => {
  feed(0, 5);
  db.close();
  const path = join(folder, 'traffic.db');
  const holder = new Database(path);
  holder.pragma('locking_mode = EXCLUSIVE');
  holder.exec('BEGIN EXCLUSIVE');
  const lines: string[] = [];
  db = openTrafficDb(folder, (line) => lines.push(line), 20);
  history = new History(db, KEEP_MS);
  feed(10, 12);
  expect([lines, rows('history_seconds')]).toEqual([[expect.stringMatching(/cannot be opened.*kept in memory/)], 2]);
  db.close();
  holder.close();
  open();
  expect([existsSync(`${path}.old`), rows('history_seconds')]).toEqual([false, 5]);
});
