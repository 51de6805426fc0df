import { BlockList } from 'node:net';
import { beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { TrafficHistory } from '../../../../src/engine/monitor/traffic/traffic-history.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, TrafficStore } from '../../../../src/engine/monitor/traffic/traffic-store.ts';
import { TrafficCounter } from '../../../../src/engine/traffic/counter.ts';
import { dayOf } from '../../../../src/engine/traffic/daily-salt.ts';
import { answerTo } from '../../traffic/fixtures/answer.ts';

const START = Date.UTC(2026, 10, 23); // a Monday
let db: Database.Database;
let problems: string[];
let history: TrafficHistory;
const open = (): TrafficHistory => new TrafficHistory({ db, onProblem: (problem) => problems.push(problem) });
beforeEach(() => {
  db = new Database(':memory:');
  problems = [];
  history = open();
});

/** A batch of so many page views at a time, each of a visitor of its own. */
function batch(now: number, views: number, firstVisitor = 0, path = '/'): string {
  const counter = new TrafficCounter({
    trusted: new BlockList(),
    saltOf: (at) => `salt ${dayOf(at)}`,
    clock: () => now,
  });
  for (let index = 0; index < views; index++) {
    const visitor = firstVisitor + index;
    const answer = answerTo({ path, peer: `10.0.${visitor >> 8}.${visitor & 255}` });
    if (counter.looks(answer.connection, index * 10)) counter.answered(answer);
  }
  return counter.take()!;
}
const steps = (stepMs: number): number[] =>
  db.prepare('SELECT at FROM traffic WHERE step = ? ORDER BY at').pluck().all(stepMs) as number[];

describe('traffic is kept', () => {
  test('by the minute, and rolled up to hours and days when they are over', () => {
    for (let minute = 0; minute < 2 * 24 * 60; minute += 7) {
      const now = START + minute * MINUTE_MS;
      history.add(batch(now, 3), now);
    }
    history.tick(START + 2 * DAY_MS + HOUR_MS);
    expect([steps(HOUR_MS).length, steps(DAY_MS)]).toEqual([48, [START, START + DAY_MS]]);
    const views = Math.ceil((2 * 24 * 60) / 7) * 3;
    const report = history.report({ fromMs: START, toMs: START + 2 * DAY_MS });
    expect([report.views, report.stepMs]).toEqual([views, DAY_MS]);
    // The same from hours and minutes.
    const odd = history.report({ fromMs: START + DAY_MS, toMs: START + 2 * DAY_MS - MINUTE_MS });
    const minutes = Math.ceil((2 * 24 * 60) / 7) - Math.ceil((24 * 60) / 7);
    expect([odd.views, odd.stepMs]).toEqual([minutes * 3, MINUTE_MS]);
    // The minutes of the first hour are not kept any more: the whole hour stands for them.
    const old = history.report({ fromMs: START + MINUTE_MS, toMs: START + 2 * MINUTE_MS });
    expect(old).toMatchObject({ fromMs: START, toMs: START + HOUR_MS, stepMs: HOUR_MS, views: 27 });
    expect(problems).toEqual([]);
  });

  test('the minute that runs is in the report at once, and asking changes nothing', () => {
    history.add(batch(START, 5), START);
    for (let times = 0; times < 3; times++) expect(history.report({ fromMs: START, toMs: START + 1 }).views).toBe(5);
    history.add(batch(START, 2, 5), START + 1_000);
    expect(history.report({ fromMs: START, toMs: START + 1 })).toMatchObject({ views: 7, uniques: { visitors: 7 } });
  });

  test('over a restart of the monitor, in the middle of a minute too; what was missed is rolled up then', () => {
    history.add(batch(START, 5), START);
    history.add(batch(START, 2), START + 20_000);
    // Killed: what came in the last ten seconds may be lost.
    history.tick(START + 30_500);
    history = open();
    history.add(batch(START, 4), START + 31_000);
    expect(history.report({ fromMs: START, toMs: START + 1 }).views).toBe(11);
    history.flush();
    history = open();
    history.tick(START + 3 * HOUR_MS);
    expect(steps(HOUR_MS)).toEqual([START]);
    expect(history.report({ fromMs: START, toMs: START + HOUR_MS }).views).toBe(11);
  });

  test('for so long, and then no longer', () => {
    for (let day = 0; day < 70; day++) {
      const now = START + day * DAY_MS;
      history.add(batch(now, 1), now);
    }
    history.tick(START + 70 * DAY_MS);
    expect(steps(MINUTE_MS).length).toBeLessThanOrEqual(2);
    expect(steps(HOUR_MS).length).toBeLessThanOrEqual(60);
    expect(steps(DAY_MS).length).toBe(70);
    history.tick(START + 800 * DAY_MS);
    expect([steps(MINUTE_MS), steps(HOUR_MS), steps(DAY_MS)]).toEqual([[], [], []]);
  });

  test('networks are not kept with days', () => {
    history.add(batch(START, 3), START);
    history.tick(START + DAY_MS + HOUR_MS);
    const store = new TrafficStore(db, () => {});
    expect(store.get(HOUR_MS, START)!.frequent.networks.size).toBe(1);
    expect(store.get(DAY_MS, START)!.frequent.networks.size).toBe(0);
  });
});

test('a visitor of two days counts on each, as their hashes cannot be compared', () => {
  history.add(batch(START, 10), START);
  history.add(batch(START + HOUR_MS, 10), START + HOUR_MS);
  history.add(batch(START + DAY_MS, 10), START + DAY_MS);
  expect(history.report({ fromMs: START, toMs: START + DAY_MS }).uniques.visitors).toBe(10);
  expect(history.report({ fromMs: START, toMs: START + 2 * DAY_MS }).uniques.visitors).toBe(20);
});

test('the hours of the week are those of the server, with the hour that runs', () => {
  for (const [at, views] of [
    [START, 3],
    [START + 7 * DAY_MS, 2],
    [START + 8 * DAY_MS + 5 * HOUR_MS, 4],
  ] as const)
    history.add(batch(at, views), at);
  history.tick(START + 8 * DAY_MS + 5 * HOUR_MS + 5 * MINUTE_MS);
  const { hoursOfWeek } = history.report({ fromMs: START, toMs: START + 9 * DAY_MS });
  expect(hoursOfWeek).toHaveLength(168);
  const hourOf = (at: number): number => ((new Date(at).getDay() + 6) % 7) * 24 + new Date(at).getHours();
  expect([hoursOfWeek[hourOf(START)], hoursOfWeek[hourOf(START + 8 * DAY_MS + 5 * HOUR_MS)]]).toEqual([5, 4]);
  expect(hoursOfWeek.reduce((sum, views) => sum + views, 0)).toBe(9);
});

test('what cannot be read is left out and told: a batch, a row', () => {
  history.add('{"requests":', START);
  history.add(batch(START, 2), START);
  history.flush();
  history = open();
  db.prepare('UPDATE traffic SET body = ?').run(Buffer.from('nonsense'));
  expect(history.report({ fromMs: START, toMs: START + 1 }).views).toBe(0);
  expect(problems).toHaveLength(2);
  expect(problems[1]).toContain('2026-11-23T00:00:00.000Z');
});

test('a clock that was set back makes no second minute', () => {
  history.add(batch(START + MINUTE_MS, 2), START + MINUTE_MS);
  history.add(batch(START, 1), START);
  history.add(batch(START + MINUTE_MS, 3), START + MINUTE_MS);
  history.flush();
  expect(steps(MINUTE_MS)).toEqual([START, START + MINUTE_MS]);
  expect(history.report({ fromMs: START, toMs: START + 2 * MINUTE_MS }).views).toBe(6);
});
