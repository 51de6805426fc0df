import { BlockList } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { TrafficHistory } from '../../../../src/engine/monitor/traffic/traffic-history.ts';
import { TrafficCounter } from '../../../../src/engine/traffic/counter.ts';
import type { Named, TrafficReport } from '../../../../src/engine/traffic/report.ts';
import { answerTo } from '../../traffic/fixtures/answer.ts';
import { type MadeLog, makeLog } from '../../traffic/fixtures/log.ts';

/** `npm run test:traffic` replays a million. */
const REQUESTS = Number(process.env.TRAFFIC_REQUESTS ?? 100_000);
/** The rates of a day with a surge in it, requests a second of the two workers together. */
const RATES = [200, 1_000, 12_000, 3_000];
const WORKERS = 2;
const SEND_EVERY_MS = 5_000;

let log: MadeLog;
let report: TrafficReport;
let db: Database.Database;

beforeAll(() => {
  log = makeLog(42);
  db = new Database(':memory:');
  const problems: string[] = [];
  const history = new TrafficHistory({ db, onProblem: (problem) => problems.push(problem) });
  const fromMs = Date.UTC(2026, 10, 28, 3);
  let now = fromMs;
  let sentAt = now;
  const counters = Array.from(
    { length: WORKERS },
    () =>
      new TrafficCounter({
        ownHosts: ['example.org'],
        trusted: new BlockList(),
        saltOf: () => 'the salt of that day',
        clock: () => now,
      }),
  );
  const send = (): void => {
    for (const counter of counters) {
      const batch = counter.take();
      if (batch !== undefined) history.add(batch, now);
    }
  };
  for (let index = 0; index < REQUESTS; index++) {
    now += 1_000 / RATES[Math.floor((index / REQUESTS) * RATES.length)]!;
    if (now - sentAt >= SEND_EVERY_MS) {
      send();
      sentAt = now;
    }
    const asked = log.next();
    const counter = counters[index % WORKERS]!;
    if (counter.looks(asked.connection, now - fromMs)) counter.answered(answerTo(asked));
  }
  send();
  // An hour later all of it is rolled up.
  history.tick(now + 3_600_000);
  history.tick(now + 7_200_000);
  report = history.report({ fromMs, toMs: now + 3_600_000 });
  expect(problems).toEqual([]);
});
afterAll(() => {
  db.close();
});

/** Each is within its stated error, and nothing that is larger than the error allows is missing. */
function expectTrue(list: readonly Named[], truth: ReadonlyMap<string, number>, largest: number): void {
  const ranked = [...truth].sort((a, b) => b[1] - a[1]).slice(0, largest);
  expect(list.slice(0, largest).map(({ name }) => name)).toEqual(ranked.map(([name]) => name));
  for (const { name, requests, error } of list) {
    const real = truth.get(name) ?? 0;
    // One of so many may be outside of 95 %: twice the error holds for all.
    expect({ name, off: Math.abs(requests - real) <= 2 * error + 1 }).toEqual({ name, off: true });
  }
}

test('all requests are in it, and sampling was at work', () => {
  expect(Math.abs(report.requests - REQUESTS)).toBeLessThan(0.005 * REQUESTS);
  expect(Math.abs(report.views - log.truth.views)).toBeLessThan(0.03 * log.truth.views);
  expect(report.sampledShare).toBeLessThan(0.9);
});

test('the sources are the true ones', () => {
  expectTrue(report.sources, log.truth.sources, 4);
  expectTrue(report.sourceKinds, log.truth.sourceKinds, 3);
  expect(report.sources[0]!.share).toBeCloseTo(0.3, 1);
});

test('the pages and networks at the top are the true ones', () => {
  expectTrue(report.paths.page, log.truth.pages, 3);
  expectTrue(report.networks, log.truth.networks, 1);
  expect(report.networks[0]!.share).toBeCloseTo(0.25, 1);
});

test('people and bots are told apart', () => {
  expectTrue(report.agents, log.truth.agents, 2);
});

test('the visitors are counted within the stated error, and those that may be missing are stated', () => {
  const { visitors, error, unseen } = report.uniques;
  const truth = log.truth.visitors.size;
  expect(truth).toBeGreaterThanOrEqual(visitors - error);
  expect(truth).toBeLessThanOrEqual(visitors + unseen + error);
  // They are those of the surge.
  expect(unseen).toBeLessThan(truth / 2);
  expect(error / visitors).toBeLessThan(0.035);
});

test('what is kept of it is small, and holds no address', () => {
  const rows = db.prepare('SELECT step, length(body) AS bytes FROM traffic').all() as { step: number; bytes: number }[];
  for (const { bytes } of rows) expect(bytes).toBeLessThan(40_000);
});
