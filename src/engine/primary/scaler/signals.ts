import type { Beat } from '../../beats.ts';
import { isServing, type WorkerView } from '../view.ts';
import type { ScalerOptions } from './options.ts';

/** What is remembered of one worker from beat to beat. Rates per second, shares of time from 0 to 1. */
export interface WorkerSignals {
  heardAt: number;
  beat: Beat;
  /** Utilisation of the last two beats, over about 1 s and over about 5 s. */
  eluNow: number;
  elu: number;
  eluLong: number;
  /** Over the window in which the host's idle cores are seen (500 ms, so 250 ms old in the mean). */
  eluHost: number;
  /** Share of time waiting for database locks, over the last two beats or about 1 s, whichever is more. */
  lockNow: number;
  lock: number;
  /** Requests that came, over a quarter of a second and over the panic window. */
  loadFast: number;
  loadSlow: number;
  /** Requests answered and not refused, over about 2 s. */
  served: number;
  /** Beats running with the queue delay over its bound, with refusals, with the lag over its bound. */
  queued: number;
  refused: number;
  lagged: number;
}

export type SignalMemory = ReadonlyMap<string, WorkerSignals>;

/** The fleet in numbers, at one tick. */
export interface FleetSignals {
  workers: readonly (WorkerSignals & { name: string; blocked: boolean; warm: boolean })[];
  /** Means over the serving workers, of the last beat, the last two, and about 1 s; a blocked one counts as fully used. */
  eluLast: number;
  eluNow: number;
  elu: number;
  lockShare: number;
  /** Sum over them of the utilisation over about 5 s: the loops' work in units of workers. */
  work: number;
  loadFast: number;
  loadSlow: number;
  served: number;
  /** Requests served since the tick before. */
  servedNow: number;
  poolQueued: number;
}

const ELU_MS = 1_000;
const ELU_LONG_MS = 5_000;
const ELU_HOST_MS = 250;
const LOAD_FAST_MS = 250;
const SERVED_MS = 2_000;

/** How far a value follows what is new after `ms`, with a time constant. */
const follow = (value: number, news: number, ms: number, constantMs: number): number =>
  value + (news - value) * (1 - Math.exp(-ms / constantMs));

const answeredOf = (from: Beat, to: Beat): number =>
  // In a dry run what would be refused is served: then `completed` says more. Cached answers are in `arrived` alone.
  Math.max(0, to.completed - from.completed, to.arrived - from.arrived - (to.refused - from.refused));

/**
 * Takes the beats that are new since the last call into the memory, worker by worker, and sums them up. Beats that were seen
 * already count once, so it may be called more often than they come.
 */
export function readSignals(
  before: SignalMemory,
  workers: readonly WorkerView[],
  blocked: ReadonlySet<string>,
  now: number,
  options: ScalerOptions,
): { memory: SignalMemory; fleet: FleetSignals } {
  const memory = new Map<string, WorkerSignals>();
  const seen: (WorkerSignals & { name: string; blocked: boolean; warm: boolean })[] = [];
  let servedNow = 0;
  for (const worker of workers) {
    if (!isServing(worker) || worker.beat === undefined || worker.lastSignAt === undefined) continue;
    const known = before.get(worker.name);
    const signals = nextSignals(known, worker.beat, worker.lastSignAt, options);
    if (known !== undefined && known !== signals) servedNow += answeredOf(known.beat, signals.beat);
    memory.set(worker.name, signals);
    const warm = now - (worker.servingAt ?? now) >= options.settleMs;
    seen.push({ ...signals, name: worker.name, blocked: blocked.has(worker.name), warm });
  }
  return { memory, fleet: { ...sumUp(seen), workers: seen, servedNow } };
}

function nextSignals(
  known: WorkerSignals | undefined,
  beat: Beat,
  heardAt: number,
  options: ScalerOptions,
): WorkerSignals {
  if (known?.heardAt === heardAt) return known;
  // All averages begin at 0: one beat of a new worker is no load yet.
  const first = known === undefined;
  const before = known?.beat ?? beat;
  const ms = first ? 0 : Math.max(1, heardAt - known.heardAt);
  const rate = (count: number): number => (ms === 0 ? 0 : (Math.max(0, count) * 1_000) / ms);
  const lockShare = ms === 0 ? 0 : Math.min(1, Math.max(0, beat.sqliteWaitMs - before.sqliteWaitMs) / ms);
  // `arrived` counts what was answered: what waits has come too.
  const load = rate(beat.arrived + beat.queued + beat.inFlight - before.arrived - before.queued - before.inFlight);
  const streak = (count: number | undefined, goesOn: boolean): number => (goesOn ? (count ?? 0) + 1 : 0);
  return {
    heardAt,
    beat,
    eluNow: (before.elu + beat.elu) / 2,
    elu: first ? 0 : follow(known.elu, beat.elu, ms, ELU_MS),
    eluLong: first ? 0 : follow(known.eluLong, beat.elu, ms, ELU_LONG_MS),
    eluHost: first ? 0 : follow(known.eluHost, beat.elu, ms, ELU_HOST_MS),
    lockNow: lockShare,
    lock: first ? 0 : follow(known.lock, lockShare, ms, ELU_MS),
    loadFast: first ? 0 : follow(known.loadFast, load, ms, LOAD_FAST_MS),
    loadSlow: first ? 0 : follow(known.loadSlow, load, ms, options.panicWindowMs),
    served: first ? 0 : follow(known.served, rate(answeredOf(before, beat)), ms, SERVED_MS),
    queued: streak(known?.queued, beat.queueDelayMs > options.queueUpMs),
    refused: streak(known?.refused, beat.saturated),
    lagged: streak(known?.lagged, beat.lagP99Ms > options.lagUpMs),
  };
}

function sumUp(workers: FleetSignals['workers']): Omit<FleetSignals, 'workers' | 'servedNow'> {
  const sums = {
    eluLast: 0,
    eluNow: 0,
    elu: 0,
    lockNow: 0,
    lock: 0,
    work: 0,
    loadFast: 0,
    loadSlow: 0,
    served: 0,
    poolQueued: 0,
  };
  for (const worker of workers) {
    sums.eluLast += worker.blocked ? 1 : worker.beat.elu;
    sums.eluNow += worker.blocked ? 1 : worker.eluNow;
    sums.elu += worker.blocked ? 1 : worker.elu;
    sums.work += worker.blocked ? 1 : worker.eluLong;
    sums.lockNow += worker.lockNow;
    sums.lock += worker.lock;
    sums.loadFast += worker.loadFast;
    sums.loadSlow += worker.loadSlow;
    sums.served += worker.served;
    sums.poolQueued += worker.beat.poolQueued;
  }
  const count = Math.max(1, workers.length);
  return {
    eluLast: sums.eluLast / count,
    eluNow: sums.eluNow / count,
    elu: sums.elu / count,
    lockShare: Math.max(sums.lockNow, sums.lock) / count,
    work: sums.work,
    loadFast: sums.loadFast,
    loadSlow: sums.loadSlow,
    served: sums.served,
    poolQueued: sums.poolQueued,
  };
}
