import { BlockList } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { explainSurge } from '../../../../src/engine/alerts/explain-surge.ts';
import { surgeReportOf } from '../../../../src/engine/monitor/traffic/surge-report.ts';
import { TrafficHistory } from '../../../../src/engine/monitor/traffic/traffic-history.ts';
import { TrafficCounter } from '../../../../src/engine/traffic/counter.ts';
import { type Asked, answerTo } from '../../traffic/fixtures/answer.ts';

const START = Date.UTC(2026, 10, 28, 12);
const ANSWERS = { growth: 380, cachedShare: 0.92, refusedShare: 0.08, workers: 2, maxWorkers: 2, limit: 'CPU' };
let db: Database.Database;
let history: TrafficHistory;
let now: number;
beforeEach(() => {
  db = new Database(':memory:');
  history = new TrafficHistory({ db, onProblem: () => {} });
  now = START;
});
afterEach(() => {
  db.close();
});

/** So many seconds of traffic, each with so many requests that `asked` makes. */
function pass(seconds: number, perSecond: number, asked: (index: number) => Asked): void {
  const counter = new TrafficCounter({ trusted: new BlockList(), saltOf: () => 'salt', clock: () => now });
  for (let second = 0; second < seconds; second++) {
    for (let index = 0; index < perSecond; index++) {
      const answer = answerTo(asked(second * perSecond + index));
      if (counter.looks(answer.connection, now - START)) counter.answered(answer);
    }
    now += 1_000;
    if (second % 5 === 4) {
      const batch = counter.take();
      if (batch !== undefined) history.add(batch, now - 1);
    }
  }
}
const usual = (index: number): Asked => ({
  path: ['/', '/posts/a', '/posts/b', '/about'][index % 4]!,
  peer: `10.${index % 200}.0.1`,
  headers: { referer: `https://site${index % 40}.example/` },
});
const sentence = (): string =>
  explainSurge(
    ANSWERS,
    surgeReportOf(history, now - 60_000, now, now),
    surgeReportOf(history, now - 360_000, now - 60_000, now),
  );

describe('the who and why of a surge, from what was counted', () => {
  beforeEach(() => pass(300, 4, usual));

  test('one referrer and one page', () => {
    pass(60, 20, (index) =>
      index % 5 === 0
        ? usual(index)
        : { path: '/posts/launch', peer: `10.${index % 200}.0.1`, headers: { referer: 'https://news.example/a' } },
    );
    expect(sentence()).toMatch(/from news\.example/);
    expect(sentence()).toMatch(/to \/posts\/launch/);
  });

  test('one network, of bots', () => {
    pass(60, 20, (index) =>
      index % 5 === 0
        ? usual(index)
        : { path: `/posts/${index}`, peer: '192.0.2.9', headers: { 'user-agent': 'curl/8' } },
    );
    expect(sentence()).toMatch(/192\.0\.2\.0\/24/);
    expect(sentence()).toMatch(/\d\d % bots/);
  });

  test('more of the same has no single source', () => {
    pass(60, 20, usual);
    expect(sentence()).toMatch(/no single source/);
  });
});

test('two times one after the other share no minute, and a time without requests is none', () => {
  pass(120, 2, usual);
  now += 30_000;
  const before = surgeReportOf(history, START, now - 60_000, now)!;
  const last = surgeReportOf(history, now - 60_000, now, now)!;
  expect(before.requests + last.requests).toBe(240);
  expect(surgeReportOf(history, START - 600_000, START - 60_000, now)).toBeUndefined();
});
