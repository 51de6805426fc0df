import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NO_ALERT_SETTINGS } from '../../../src/engine/alerts/file.ts';
import { createMonitor, type Monitor } from '../../../src/engine/monitor/monitor.ts';
import { openTrafficDb, type TrafficDb } from '../../../src/engine/monitor/traffic-db.ts';
import { sampleOf } from '../alerts/sample.ts';
import { monitorConfig } from './config.ts';

let folder: string;
let db: TrafficDb;
/** The rules' past is read up to now, so the tests end in the present. */
const BEGIN = Date.now() - 7_200_000;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-alerts-'));
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

/** A monitor as it is after a start: all that it knows is in its file. */
function start(): Monitor {
  db = openTrafficDb(folder, (line) => {
    throw new Error(line);
  });
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const monitor = createMonitor({
    db,
    // Nobody listens: what is told stays in the queue, where it is looked at.
    config: monitorConfig(folder, { alertWebhook: 'http://127.0.0.1:1/' }),
    alertSettings: NO_ALERT_SETTINGS,
    log: silent,
    send: () => {},
  });
  return monitor;
}
/** The file is left as a killed process leaves it. */
async function startAgain(monitor: Monitor): Promise<Monitor> {
  await monitor.outbox.stop();
  db.close();
  return start();
}
const rateAt = (second: number): number => (second > 3_600 && second <= 3_660 ? 100 : 10);
function feed(monitor: Monitor, from: number, to: number): void {
  for (let second = from; second < to; second++)
    monitor.take({ type: 'sample', sample: sampleOf(BEGIN + second * 1_000, { fresh: rateAt(second) }) });
}
const queued = (): string[] =>
  (db.prepare('SELECT data FROM outbox ORDER BY seq').all() as { data: string }[]).map(({ data }) => {
    const { alert, state } = JSON.parse(data) as { alert: string; state: string };
    return `${alert} ${state}`;
  });

describe('a surge of a minute', () => {
  test('is told once, and its end once', async () => {
    const monitor = start();
    feed(monitor, 0, 4_200);
    await monitor.outbox.stop();
    expect(queued()).toEqual(['surge firing', 'surge resolved']);
    expect(monitor.history.events({ fromMs: 0, toMs: Date.now() }).map(({ text }) => text)).toEqual([
      expect.stringMatching(/^surge fires: \+\d+ % against the 5 minutes before; 100 % answered from the cache/),
      expect.stringMatching(/^surge is over: over after \d+ s; it was: \+/),
    ]);
  });

  test.each([
    ['before it is noticed', 3_610],
    ['while it fires', 3_650],
    ['while it clears', 3_700],
  ])('is told once when the monitor is killed and started again %s', async (_, killedAt) => {
    let monitor = start();
    feed(monitor, 0, killedAt);
    monitor = await startAgain(monitor);
    // It takes the monitor three seconds to come back.
    feed(monitor, killedAt + 3, 4_200);
    await monitor.outbox.stop();
    expect(queued()).toEqual(['surge firing', 'surge resolved']);
  });

  test('that is muted is on the time axis, and told to nobody', async () => {
    const monitor = start();
    expect(monitor.alerts.mute('nothing', BEGIN)).toBe(false);
    expect(monitor.alerts.mute('surge', BEGIN + 7_200_000)).toBe(true);
    feed(monitor, 0, 4_200);
    await monitor.outbox.stop();
    expect([queued(), monitor.history.events({ fromMs: 0, toMs: Date.now() }).length]).toEqual([[], 2]);
  });

  test('says who and where, when the visitors were counted', async () => {
    const monitor = start();
    const share = (name: string, count: number) => [{ name, count }];
    monitor.setSurgeReports((fromMs, toMs) => {
      const isNow = toMs - fromMs <= 60_000;
      return {
        seconds: (toMs - fromMs) / 1_000,
        requests: isNow ? 6_000 : 3_000,
        sources: share('news.example', isNow ? 4_800 : 30),
        paths: share('/posts/launch', isNow ? 4_000 : 30),
        networks: [],
        bots: 60,
      };
    });
    feed(monitor, 0, 3_700);
    await monitor.outbox.stop();
    const [surge] = monitor.alerts.states();
    expect(surge!.text).toMatch(
      /before, \d+ % of it from news.example, \d+ % to \/posts\/launch, 1 % bots; 100 % answered/,
    );
  });
});
