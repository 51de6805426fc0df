import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOps, type Ops } from '../../../../src/engine/monitor/ops/server.ts';
import type { OpsSource } from '../../../../src/engine/monitor/ops/source.ts';
import type { ViewChoices } from '../../../../src/engine/monitor/ops/view-choices.ts';
import { Folding, SERIES_NAMES, valuesOf } from '../../../../src/engine/monitor/series.ts';
import { placeFold, placeSeries, WorkerPlaces } from '../../../../src/engine/monitor/worker-places.ts';
import type { OpsEvent, Sample, WorkerSample } from '../../../../src/engine/monitor-sample.ts';
import type { OperatorAction } from '../../../../src/engine/operator-action.ts';

export const TOKEN = 'a-token-for-the-tests';

const worker = (name: string, more: Partial<WorkerSample> = {}): WorkerSample => ({
  name,
  pid: 4_711,
  state: 'serving',
  ageSeconds: 300,
  servingSeconds: 290,
  connections: 40,
  inFlight: 3,
  queued: 2,
  queueDelayMs: 12,
  lagP50Ms: 1,
  lagP99Ms: 9,
  elu: 0.6,
  rssBytes: 150_000_000,
  heapBytes: 40_000_000,
  completed: 50,
  refused: 0,
  arrived: 300,
  poolQueued: 0,
  poolRunning: 1,
  sqliteWaitMs: 0,
  features: { posts: 'ok', search: 'degraded' },
  lastWords: '',
  ...more,
});

/** One second of a server; in a surge (`load` over 1) part of those who ask are asked to wait. */
export function sampleAt(at: number, load = 0.5, more: Partial<Sample> = {}): Sample {
  const asked = Math.round(400 * load);
  const refused = load > 1 ? Math.round(asked * 0.08) : 0;
  return {
    at,
    seconds: 1,
    mode: load > 1 ? 'saturated' : 'calm',
    reason: load > 1 ? 'the gate of worker-1 refuses' : 'every worker has room',
    modeSince: at - 60_000,
    lifeboat: false,
    lifeboatAnswers: 0,
    backlog: 0,
    outcomes: { fresh: asked - refused - 20, last_good: 0, rendered: 5, site: 15, refused, failed: 0 },
    latency: { fresh: { p50: 40, p99: 90 }, site: { p50: 40, p99: 300 }, rendered: { p50: 40, p99: 250 } },
    poolWait: { p50: 1, p99: 12 },
    routes: [],
    refusedWhy: refused > 0 ? { queue: refused } : {},
    refusedWhere: refused > 0 ? [{ route: '/posts', count: refused }] : [],
    loadRatio: { loop: load, pool: 0.1, elsewhere: 0 },
    limiting: load > 1 ? 'loop' : null,
    workers: [worker('worker-1'), worker('worker-2'), worker('worker-3', { state: 'spare', elu: 0 })],
    target: 2,
    min: 1,
    max: 2,
    spares: 1,
    decision: {
      at: at - 30_000,
      lastAt: at - 30_000,
      action: 'up',
      cause: 'queue',
      reason: '1 to 2: queue delay 80 ms',
      vetoed: false,
    },
    crashLoop: false,
    deaths: 0,
    failedForks: 0,
    failedSignIns: 0,
    host: { cores: 2, idleCores: 0.4, stealShare: 0, memoryAvailableBytes: 4e9, memoryLimitBytes: 8e9 },
    tickLateP99Ms: 2,
    cache: { pages: 120, bytes: 2_000_000 },
    holds: [{ what: 'Scaling is held', since: at - 120_000, until: null, back: { do: 'hold-scaling', on: false } }],
    holdsLeftOut: 0,
    ...more,
  };
}

export interface Fixture {
  ops: Ops;
  server: Server;
  profilesDir: string;
  /** What operators had done. */
  actions: OperatorAction[];
  /** Each time somebody began, or the last one ceased, to watch requests. */
  tailing: boolean[];
  /** Sends a sample to all streams. */
  feed: (sample: Sample) => void;
  close: () => void;
}

/** A dashboard over a quarter of an hour with a surge in its middle, on a server that does not listen yet. */
export function fixture(
  more: { openReading?: boolean; source?: Partial<OpsSource>; now?: () => number } = {},
): Fixture {
  const { openReading = true, now = Date.now } = more;
  const began = now();
  const samples = Array.from({ length: 900 }, (_, second) =>
    sampleAt(began - 900_000 + second * 1_000, second > 400 && second < 520 ? 2.5 : 0.5),
  );
  const events: OpsEvent[] = [
    { at: began - 500_000, kind: 'mode', text: 'calm -> saturated: the gate refuses', severity: 'warn' },
    { at: began - 470_000, kind: 'scale', text: '1 to 2: queue delay 80 ms' },
    { at: began - 380_000, kind: 'mode', text: 'saturated -> calm: every worker has room' },
    { at: began - 60_000, kind: 'note', text: 'the newsletter went out' },
  ];
  const listeners = new Set<(sample: Sample) => void>();
  const actions: OperatorAction[] = [];
  const tailing: boolean[] = [];
  let view: ViewChoices = { spanMs: 900_000, compareMs: 0, hidden: [], theme: 'auto' };
  const profilesDir = join(mkdtempSync(join(tmpdir(), 'tahan-ops-')), 'profiles');
  const ops = createOps({
    access: { token: TOKEN, openReading },
    profilesDir,
    now,
    onError(error) {
      throw error;
    },
    source: {
      latest: () => samples.at(-1),
      recent: () => samples.slice(-70),
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      history({ fromMs, toMs, points }) {
        const stepMs = Math.max(1_000, Math.ceil((toMs - fromMs) / points / 1_000) * 1_000);
        const at: number[] = [];
        const series: Record<string, (number | null)[]> = Object.fromEntries(SERIES_NAMES.map((name) => [name, []]));
        const places = new WorkerPlaces();
        for (let time = fromMs; time < toMs; time += stepMs) {
          const folding = new Folding();
          const workers = new Folding(placeFold);
          for (const sample of samples) {
            if (sample.at <= time || sample.at > time + stepMs) continue;
            folding.add(valuesOf(sample), sample.at, 1);
            workers.add(places.valuesOf(sample), sample.at, 1);
          }
          at.push(time + stepMs);
          for (const [index, value] of workers.values().entries()) {
            const name = placeSeries(index);
            series[name] ??= at.slice(1).map(() => null);
            series[name].push(value);
          }
          for (const [index, value] of folding.values().entries())
            series[SERIES_NAMES[index]!]!.push(Number.isNaN(value) ? null : value);
        }
        return { stepMs, at, series };
      },
      planned: () => [],
      events: ({ fromMs, toMs }) => events.filter(({ at }) => at >= fromMs && at < toMs),
      alerts: () => [
        {
          name: 'surge',
          state: 'firing',
          severity: 'critical',
          since: now() - 90_000,
          text: '+380 % against the 5 minutes before.',
          mutedUntil: 0,
          quietSince: now() - 20_000,
        },
        { name: 'disk', state: 'inactive', severity: 'warn', since: 0, text: '', mutedUntil: 0, quietSince: null },
      ],
      incidents: () => [
        {
          id: 'one',
          startedAt: began - 500_000,
          endedAt: began - 380_000,
          text: 'Saturated for 2 min.',
          profile: true,
        },
      ],
      incident: (id, format) =>
        id === 'one' ? { name: `one.${format}`, type: 'text/plain', body: Buffer.from('what came') } : undefined,
      traffic: () => undefined,
      latency: () => [{ route: '/posts/:slug', requests: 1_200, p50: 4, p95: 40, p99: 90 }],
      storage: () => ({
        bytes: 12_000_000,
        maxBytes: 268_435_456,
        keptMs: { seconds: 3_600_000, minutes: 2_592_000_000, hours: 63_072_000_000 },
      }),
      view: () => view,
      keepView(choices) {
        view = choices;
      },
      watchTail: (watched) => tailing.push(watched),
      stress: () => ({
        text: 'safe to about 340 visitors a second; the CPU limits it',
        stale: '',
        runs: [0, 1, 2, 3].map((day) => ({
          at: began - (4 - day) * 86_400_000,
          version: '1.0.0',
          perSecond: 420 - day * 10,
          least: 400 - day * 10,
          most: 440 - day * 10,
        })),
        next: began + 3_600_000,
      }),
      act(action) {
        actions.push(action);
        return Promise.resolve(
          action.do === 'reload' ? { ok: false, text: 'Reloads are held.' } : { ok: true, text: 'It is done.' },
        );
      },
      ...more.source,
    },
  });
  const server = createServer(ops.listener);
  return {
    ops,
    server,
    profilesDir,
    actions,
    tailing,
    feed(sample) {
      samples.push(sample);
      for (const listener of listeners) listener(sample);
    },
    close() {
      ops.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
