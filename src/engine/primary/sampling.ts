import type { Config } from '../../config.ts';
import type { HostSample } from '../host/host.ts';
import { type Hold, type Limit, MAX_HOLDS, type Sample, type WorkerSample } from '../monitor-sample.ts';
import type { ModeState } from './mode.ts';
import type { JournalEntry } from './scaler/journal.ts';
import type { Counted } from './tally.ts';
import { isServing, type WorkerView } from './view.ts';

/** A worker, and what it said when it could not go on. */
export interface SampledWorker extends WorkerView {
  pid: number;
  /** It is silent for longer than its work explains. */
  blocked: boolean;
  failure: string | undefined;
}

/** What a worker's ever-growing counts were when they were last looked at. */
type Totals = Pick<WorkerSample, 'completed' | 'refused' | 'arrived' | 'sqliteWaitMs'>;
/** By the name of the worker. */
export type Seen = ReadonlyMap<string, Totals>;

export interface SampleInput {
  /** Epoch ms, and the primary's clock, ms. */
  at: number;
  now: number;
  seconds: number;
  mode: Pick<ModeState, 'mode' | 'reason'>;
  /** Epoch ms. */
  modeSince: number;
  lifeboat: boolean;
  backlog: number | undefined;
  counted: Counted;
  workers: readonly SampledWorker[];
  target: number;
  config: Pick<Config, 'workersMin' | 'workersMax' | 'cores'>;
  /** The scaler's last one. */
  decision: JournalEntry | undefined;
  crashLoop: boolean;
  deaths: number;
  failedForks: number;
  host: HostSample;
  /** What an operator holds, newest first. */
  holds: readonly Hold[];
  /** How late each tick came since the sample before, ms. */
  tickLateMs: readonly number[];
}

/** Offered load from which a resource is what limits the server. */
const LIMIT_RATIO = 0.8;
/** Share of a worker's time spent waiting for SQLite's lock, and of the memory that is left. */
const LOCK_SHARE = 0.2;
const MEMORY_LEFT = 0.05;

/** One sample of the whole server, and what to compare the next one with. Pure. */
export function buildSample(input: SampleInput, seen: Seen): { sample: Sample; seen: Seen } {
  const next = new Map<string, Totals>();
  const workers = input.workers.map((worker) => {
    const totals = totalsOf(worker);
    next.set(worker.name, totals);
    return sampleOf(worker, totals, seen.get(worker.name), input.now);
  });
  const serving = input.workers.filter((worker) => isServing(worker) && !worker.blocked);
  const loadRatio = loadOf(serving);
  const { host, counted, decision, config } = input;
  const sample: Sample = {
    at: input.at,
    seconds: input.seconds,
    mode: input.mode.mode,
    reason: input.mode.reason,
    modeSince: input.modeSince,
    lifeboat: input.lifeboat,
    lifeboatAnswers: counted.lifeboatAnswers,
    backlog: input.backlog ?? null,
    outcomes: counted.outcomes,
    latency: counted.latency,
    poolWait: counted.poolWait,
    routes: counted.routes,
    refusedWhy: counted.refusedWhy,
    refusedWhere: counted.refusedWhere,
    failedSignIns: counted.failedSignIns,
    loadRatio,
    limiting: limitOf(loadRatio, host, workers, input.seconds),
    workers,
    target: input.target,
    min: config.workersMin,
    max: config.workersMax,
    spares: input.workers.filter(({ state }) => state === 'spare').length,
    decision:
      decision === undefined
        ? null
        : {
            at: decision.at,
            lastAt: decision.lastAt,
            action: decision.action,
            cause: decision.cause,
            reason: decision.reason,
            vetoed: decision.vetoed,
          },
    crashLoop: input.crashLoop,
    deaths: input.deaths,
    failedForks: input.failedForks,
    host: {
      cores: config.cores,
      idleCores: host.idleCores ?? null,
      stealShare: host.stealShare ?? null,
      memoryAvailableBytes: host.memoryAvailableBytes ?? null,
      memoryLimitBytes: host.memoryLimitBytes ?? null,
    },
    tickLateP99Ms: p99(input.tickLateMs),
    cache: {
      pages: Math.max(0, ...serving.map(({ beat }) => beat?.cachePages ?? 0)),
      bytes: Math.max(0, ...serving.map(({ beat }) => beat?.cacheBytes ?? 0)),
    },
    holds: input.holds.slice(0, MAX_HOLDS),
    holdsLeftOut: Math.max(0, input.holds.length - MAX_HOLDS),
  };
  return { sample, seen: next };
}

const totalsOf = ({ beat }: SampledWorker): Totals => ({
  completed: beat?.completed ?? 0,
  refused: beat?.refused ?? 0,
  arrived: beat?.arrived ?? 0,
  sqliteWaitMs: beat?.sqliteWaitMs ?? 0,
});

function sampleOf(worker: SampledWorker, totals: Totals, before: Totals | undefined, now: number): WorkerSample {
  const { beat } = worker;
  const since = (name: keyof Totals): number => Math.max(0, totals[name] - (before?.[name] ?? 0));
  const age = (from: number | undefined): number =>
    from === undefined ? 0 : Math.max(0, Math.round((now - from) / 1_000));
  return {
    name: worker.name,
    pid: worker.pid,
    state: isServing(worker) && worker.blocked ? 'silent' : worker.state,
    ageSeconds: age(worker.startedAt),
    servingSeconds: age(worker.servingAt),
    connections: beat?.connections ?? 0,
    inFlight: beat?.inFlight ?? 0,
    queued: beat?.queued ?? 0,
    queueDelayMs: beat?.queueDelayMs ?? 0,
    lagP50Ms: beat?.lagP50Ms ?? 0,
    lagP99Ms: beat?.lagP99Ms ?? 0,
    elu: beat?.elu ?? 0,
    rssBytes: beat?.rssBytes ?? 0,
    heapBytes: beat?.heapBytes ?? 0,
    completed: since('completed'),
    refused: since('refused'),
    arrived: since('arrived'),
    poolQueued: beat?.poolQueued ?? 0,
    poolRunning: beat?.poolRunning ?? 0,
    sqliteWaitMs: since('sqliteWaitMs'),
    features: beat?.features ?? {},
    lastWords: worker.failure?.slice(0, 2_000) ?? '',
  };
}

/** Of the whole server: the mean of the workers that serve. */
function loadOf(serving: readonly SampledWorker[]): Sample['loadRatio'] {
  const mean = (resource: keyof Sample['loadRatio']): number =>
    serving.reduce((sum, { beat }) => sum + (beat?.loadRatio[resource] ?? 0), 0) / Math.max(1, serving.length);
  return { loop: mean('loop'), pool: mean('pool'), elsewhere: mean('elsewhere') };
}

/** What bounds the server now, if anything does: what cannot be bought by waiting comes first. */
export function limitOf(
  load: Sample['loadRatio'],
  host: Pick<HostSample, 'memoryAvailableBytes' | 'memoryLimitBytes'>,
  workers: readonly Pick<WorkerSample, 'sqliteWaitMs'>[],
  seconds: number,
): Limit | null {
  const { memoryAvailableBytes: left, memoryLimitBytes: all } = host;
  if (left !== undefined && all !== undefined && left < all * MEMORY_LEFT) return 'memory';
  if (workers.some(({ sqliteWaitMs }) => sqliteWaitMs > seconds * 1_000 * LOCK_SHARE)) return 'database lock';
  const most = Math.max(load.loop, load.pool, load.elsewhere);
  if (most < LIMIT_RATIO) return null;
  if (most === load.loop) return 'loop';
  return most === load.pool ? 'pool' : 'upstream';
}

function p99(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0;
}
