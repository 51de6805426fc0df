import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createScheduledRuns } from '../../../src/engine/monitor/stress/scheduled-runs.ts';
import { StressHistory } from '../../../src/engine/monitor/stress/stress-history.ts';
import { MAX_RUNS, StressStore } from '../../../src/engine/monitor/stress/stress-store.ts';
import { openTrafficDb, type TrafficDb } from '../../../src/engine/monitor/traffic-db.ts';
import type { Sample } from '../../../src/engine/monitor-sample.ts';
import { readCron } from '../../../src/engine/stress/cron.ts';
import type { Measured, StressRun } from '../../../src/engine/stress/run-record.ts';
import { stressRun } from '../stress/runs.ts';
import { sampleAt } from './ops/fixture.ts';

const MIDNIGHT = Date.UTC(2026, 10, 28);
const FOUR = MIDNIGHT + 4 * 3_600_000;

describe('the history of the runs', () => {
  let folder: string;
  let db: TrafficDb;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tahan-runs-'));
    db = openTrafficDb(folder, () => {});
  });
  afterEach(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  test('outlives the monitor, and is bounded', () => {
    const store = new StressStore(db);
    for (let run = 0; run < MAX_RUNS + 5; run += 1) store.add(stressRun(1_000, { at: run }));
    expect(store.runs()).toHaveLength(MAX_RUNS);
    const history = new StressHistory(db, stressRun(0));
    expect(history.view().runs.at(-1)).toMatchObject({ at: MAX_RUNS + 4, perSecond: 1_000, least: 980 });
    expect(history.view().text).toContain('safe to about 700 visitors a second');
  });

  test('a run that is below those before is a fall, and after a restart, too', () => {
    const history = new StressHistory(db, stressRun(0));
    for (let run = 0; run < 4; run += 1) history.keep(stressRun(1_000, { at: run }));
    expect(history.trend?.fallen).toBe(false);
    history.keep(stressRun(700, { at: 9 }));
    expect(history.trend?.fallen).toBe(true);
    expect(new StressHistory(db, stressRun(0)).trend?.fallen).toBe(true);
  });
});

describe('a scheduled run', () => {
  let now: number;
  let kept: StressRun[];
  let notes: string[];
  let program: { give: (measured: Measured) => void; fail: (error: Error) => void; stopped: number };
  let started: number;
  const quiet = (more: Partial<Sample> = {}): Sample =>
    sampleAt(now, 0.1, {
      modeSince: now - 3_600_000,
      host: { cores: 2, idleCores: 1.8, stealShare: 0, memoryAvailableBytes: 4e9, memoryLimitBytes: 8e9 },
      ...more,
    });
  const create = (event?: string) =>
    createScheduledRuns({
      cron: readCron('0 4 * * * UTC'),
      now: () => now,
      event: () => event,
      run() {
        started += 1;
        const { promise, resolve, reject } = Promise.withResolvers<Measured>();
        program = { give: resolve, fail: reject, stopped: 0 };
        const mine = program;
        return {
          result: promise,
          stop() {
            mine.stopped += 1;
            reject(new Error('it ended without a result (SIGKILL)'));
          },
        };
      },
      circumstances: stressRun(0),
      keep: (run) => kept.push(run),
      note: (text) => notes.push(text),
    });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  beforeEach(() => {
    now = MIDNIGHT;
    kept = [];
    notes = [];
    started = 0;
  });

  test('begins at its time, once, and what it measured is kept with its circumstances', async () => {
    const runs = create();
    for (now = FOUR - 3_000; now <= FOUR + 3_000; now += 1_000) runs.take(quiet());
    expect(started).toBe(1);
    expect(runs.next).toBe(FOUR + 86_400_000);
    const { perSecond, costs } = stressRun(500);
    program.give({ perSecond, costs });
    await settled();
    expect(kept).toEqual([expect.objectContaining({ perSecond, version: '1.0.0', at: now })]);
    for (now += 86_300_000; now < FOUR + 86_403_000; now += 1_000) runs.take(quiet());
    expect(started).toBe(2);
  });

  test('is skipped, and told so, when it is not calm or an event is near', () => {
    const runs = create();
    now = FOUR;
    runs.take(quiet({ mode: 'busy' }));
    now += 1_000;
    runs.take(quiet());
    create('the sale').take(quiet());
    const sale = create('the sale');
    now = runs.next!;
    sale.take(quiet());
    expect(started).toBe(0);
    expect(notes).toEqual([
      expect.stringContaining('skipped: the server is busy'),
      expect.stringContaining('skipped: the event the sale'),
    ]);
  });

  test('whose time passed while the monitor was away is not made up for', () => {
    const runs = create();
    now = FOUR + 120_000;
    runs.take(quiet());
    expect([started, notes]).toEqual([0, [expect.stringContaining('its time has passed')]]);
  });

  test('is stopped with the first sample that shows need, and nothing of it is kept', async () => {
    const runs = create();
    now = FOUR;
    runs.take(quiet());
    now += 1_000;
    runs.take(quiet());
    expect(program.stopped).toBe(0);
    runs.take(quiet({ outcomes: { ...quiet().outcomes, site: 400 } }));
    expect(program.stopped).toBe(1);
    await settled();
    expect(kept).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('was ended: visitors come more and more')]);
  });

  test('that does not end is ended', async () => {
    const runs = create();
    now = FOUR;
    runs.take(quiet());
    now += 299_000;
    runs.take(quiet());
    expect(program.stopped).toBe(0);
    now += 2_000;
    runs.take(quiet());
    await settled();
    expect(notes).toEqual([expect.stringContaining('it took over 300 s')]);
  });

  test('that fails is told', async () => {
    const runs = create();
    now = FOUR;
    runs.take(quiet());
    program.fail(new Error('no space left on device'));
    await settled();
    expect(notes).toEqual(['the scheduled stress run failed: no space left on device']);
  });
});
