import { describe, expect, test } from '@jest/globals';
import { Recorder } from '../../../src/engine/metrics/recorder.ts';
import { createTotals, type ServerView, type Totals } from '../../../src/engine/metrics/totals.ts';
import { beatOf } from './beat.ts';

const VIEW: ServerView = {
  mode: 'busy',
  workers: { serving: 2, spare: 1 },
  acceptBacklog: 7,
  lifeboatActive: false,
  workersWanted: 2,
  crashLoop: false,
  tickLateP99Ms: 3,
  monitorUp: true,
  roomWaiting: 0,
  host: {
    idleCores: 1.5,
    stealShare: 0,
    throttledShare: undefined,
    memoryLimitBytes: 2_000,
    memoryAvailableBytes: 1_000,
    cpuPressure: 50,
  },
};

interface Fixture {
  totals: Totals;
  clock: { now: number };
  view: ServerView;
}

function open(): Fixture {
  const clock = { now: 0 };
  const view = { ...VIEW };
  return { clock, view, totals: createTotals({ version: '1.2.3', now: () => clock.now, view: () => view }) };
}

/** The samples of an exposition, by series. */
async function samples(totals: Totals): Promise<Map<string, number>> {
  const lines = (await totals.exposition(false)).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

const recorded = (requests: number, seconds = 0.003): Recorder => {
  const recorder = new Recorder();
  for (let index = 0; index < requests; index++) recorder.request('/', 'GET', 200, 'miss', seconds);
  return recorder;
};
const SERIES = 'http_requests_total{route="/",method="GET",status="200",cache="miss"}';

describe('OpenMetrics', () => {
  test('has the same series, families without _total, and an end; traces only where there were any', async () => {
    const { totals } = open();
    const recorder = recorded(3);
    recorder.request('/traced', 'GET', 200, 'bypass', 0.003);
    recorder.exemplar('/traced', 0.003, 'ab'.repeat(16));
    totals.add(recorder.flush()!);
    const text = await totals.exposition(true);
    expect(text).toContain('\n# TYPE http_requests counter\n');
    expect(text).toContain(`\n${SERIES} 3\n`);
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    expect(text).not.toContain('\n\n');
    const traced = text.split('\n').filter((line) => line.includes(' # {'));
    expect(traced).toEqual([
      expect.stringMatching(
        /^http_request_duration_seconds_bucket\{route="\/traced",le="0.005"\} 1 # \{trace_id="(ab){16}"\} 0.003 \d+/,
      ),
    ]);
    const plain = await totals.exposition(false);
    expect(plain).toContain('# TYPE http_requests_total counter');
    expect([plain.includes(' # {'), plain.includes('EOF')]).toEqual([false, false]);
    const series = (exposition: string): string[] =>
      exposition.split('\n').flatMap((line) => (/^[a-z]/.test(line) ? [line.replace(/ .*/, '')] : []));
    expect(series(text)).toEqual(series(plain));
  });
});

describe('totals of the server', () => {
  test('add up what all processes counted', async () => {
    const { totals } = open();
    totals.add(recorded(3).flush()!);
    totals.add(recorded(4, 0.02).flush()!);
    const all = await samples(totals);
    expect(all.get(SERIES)).toBe(7);
    expect(all.get('http_request_duration_seconds_bucket{route="/",le="0.0025"}')).toBe(0);
    expect(all.get('http_request_duration_seconds_bucket{route="/",le="0.005"}')).toBe(3);
    expect(all.get('http_request_duration_seconds_bucket{route="/",le="0.025"}')).toBe(7);
    expect(all.get('http_request_duration_seconds_bucket{route="/",le="+Inf"}')).toBe(7);
    expect(all.get('http_request_duration_seconds_count{route="/"}')).toBe(7);
    expect(all.get('http_request_duration_seconds_sum{route="/"}')).toBeCloseTo(0.089);
  });

  test('never go back when a worker dies', async () => {
    const { totals } = open();
    totals.beat('worker-1', beatOf({ sqliteWaitMs: 400 }));
    totals.add(recorded(3).flush()!);
    totals.gone('worker-1');
    totals.beat('worker-2', beatOf({ sqliteWaitMs: 100 }));
    const all = await samples(totals);
    expect(all.get(SERIES)).toBe(3);
    expect(all.get('tahan_sqlite_wait_seconds_total')).toBeCloseTo(0.5);
  });

  test('count the waits for SQLite once, although each beat tells their sum', async () => {
    const { totals } = open();
    for (const sqliteWaitMs of [100, 100, 250]) totals.beat('worker-1', beatOf({ sqliteWaitMs }));
    expect((await samples(totals)).get('tahan_sqlite_wait_seconds_total')).toBeCloseTo(0.25);
    totals.beat('worker-1', beatOf({ sqliteWaitMs: 50 }));
    expect((await samples(totals)).get('tahan_sqlite_wait_seconds_total')).toBeCloseTo(0.3);
  });

  test('take counts of the primary itself', async () => {
    const { totals } = open();
    totals.count('tahan_worker_restarts_total', ['crash']);
    totals.count('tahan_worker_restarts_total', ['crash'], 2);
    expect((await samples(totals)).get('tahan_worker_restarts_total{reason="crash"}')).toBe(3);
  });
});

describe('what does not fit', () => {
  const dropped = async (totals: Totals, reason: string): Promise<number | undefined> =>
    (await samples(totals)).get(`tahan_metrics_dropped_total{reason="${reason}"}`);

  test('is dropped and counted, and harms nothing else', async () => {
    const { totals } = open();
    totals.add({
      type: 'metrics',
      counters: [
        ['made_up_total', [], 1],
        ['tahan_workers', ['serving'], 1],
        ['http_requests_total', ['/'], 1],
        ['tahan_client_gone_total', [], 2],
      ],
      histograms: [
        ['http_request_duration_seconds', ['/'], [1, 2], 3],
        ['tahan_pool_wait_seconds', ['x'], new Array(14).fill(0), 3],
      ],
    });
    expect(await dropped(totals, 'unknown_metric')).toBe(2);
    expect(await dropped(totals, 'wrong_labels')).toBe(2);
    expect(await dropped(totals, 'wrong_buckets')).toBe(1);
    const all = await samples(totals);
    expect(all.get('tahan_client_gone_total')).toBe(2);
    expect([...all.keys()].filter((series) => series.startsWith('http_request'))).toEqual([]);
  });

  test('in number neither: the series of a metric are bounded, the known ones go on', async () => {
    const { totals } = open();
    for (let index = 0; index < 6_000; index++) totals.count('tahan_deadline_exceeded_total', [`/${index}`]);
    totals.count('tahan_deadline_exceeded_total', ['/0']);
    expect(await dropped(totals, 'too_many_series')).toBe(1_000);
    const all = await samples(totals);
    expect([...all.keys()].filter((series) => series.startsWith('tahan_deadline'))).toHaveLength(5_000);
    expect(all.get('tahan_deadline_exceeded_total{route="/0"}')).toBe(2);
  });
});

describe('the state of processes', () => {
  test('is shown by worker', async () => {
    const { totals } = open();
    totals.beat('worker-1', beatOf({ lagP99Ms: 40, elu: 0.5 }));
    totals.beat('worker-2', beatOf({ elu: 0.75 }));
    const all = await samples(totals);
    expect(all.get('tahan_worker_up{worker="worker-1"}')).toBe(1);
    expect(all.get('tahan_event_loop_lag_seconds{worker="worker-1",stat="p99"}')).toBeCloseTo(0.04);
    expect(all.get('tahan_event_loop_utilization{worker="worker-1"}')).toBe(0.5);
    expect(all.get('tahan_event_loop_utilization{worker="worker-2"}')).toBe(0.75);
  });

  test('of a silent one is that it is not up, and nothing that it said before', async () => {
    const { totals, clock } = open();
    totals.beat('worker-1', beatOf());
    clock.now = 1_001;
    totals.beat('worker-2', beatOf());
    const all = await samples(totals);
    expect([...all.keys()].filter((series) => series.includes('worker-1'))).toEqual([
      'tahan_worker_up{worker="worker-1"}',
    ]);
    expect(all.get('tahan_worker_up{worker="worker-1"}')).toBe(0);
    expect(all.get('tahan_worker_up{worker="worker-2"}')).toBe(1);
  });

  test('that are gone is gone', async () => {
    const { totals } = open();
    totals.beat('worker-1', beatOf());
    await totals.exposition(false);
    totals.gone('worker-1');
    expect(await totals.exposition(false)).not.toContain('worker-1');
  });
});

test('the state of the server is read at the scrape', async () => {
  const { totals, view } = open();
  const before = await samples(totals);
  expect(before.get('tahan_mode{mode="busy"}')).toBe(1);
  expect(before.get('tahan_mode{mode="calm"}')).toBe(0);
  expect(before.get('tahan_workers{state="serving"}')).toBe(2);
  expect(before.get('tahan_accept_backlog')).toBe(7);
  expect(before.get(`tahan_build_info{version="1.2.3",node="${process.version}"}`)).toBe(1);
  Object.assign(view, { mode: 'down', acceptBacklog: undefined, lifeboatActive: true } satisfies Partial<ServerView>);
  const after = await samples(totals);
  expect(after.get('tahan_mode{mode="busy"}')).toBe(0);
  expect(after.get('tahan_mode{mode="down"}')).toBe(1);
  expect(after.has('tahan_accept_backlog')).toBe(false);
  expect(after.get('tahan_lifeboat_active')).toBe(1);
});

test('label values cannot break the text', async () => {
  const { totals } = open();
  totals.count('tahan_site_errors_total', ['a"b\\c\nd']);
  expect(await totals.exposition(false)).toContain('tahan_site_errors_total{error="a\\"b\\\\c\\nd"} 1\n');
});
