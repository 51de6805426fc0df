import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { History, RECORDER_MS } from '../../../src/engine/monitor/history.ts';
import { MAX_EVENTS } from '../../../src/engine/monitor/history-store.ts';
import { openTrafficDb, type TrafficDb } from '../../../src/engine/monitor/traffic-db.ts';
import { sampleOf } from '../alerts/sample.ts';

const T0 = 1_800_000_000_000;
let folder: string;
let db: TrafficDb;
let history: History;
const open = (): void => {
  db = openTrafficDb(folder, () => {});
  history = new History(db);
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
  history = new History(db);
  feed(0, 5);
  expect([lines.length, rows('history_seconds')]).toEqual([1, 5]);
});
