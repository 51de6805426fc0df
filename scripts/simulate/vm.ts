import type { Beat } from '../../src/engine/beats.ts';
import type { HostSample } from '../../src/engine/host/host.ts';
import type { WorkerView } from '../../src/engine/primary/view.ts';
import { poisson } from './random.ts';

/** One turn of the model is one beat, ms. */
export const TICK_MS = 100;

/** A VM with a site on it, and what hinders them. */
export interface Machine {
  cores: number;
  /** CPU time of a request on the event loop, ms. */
  workMs: number;
  /** Of that, time with the one database lock held, ms, and the share of all time that others (pool threads) hold it. */
  lockMs?: number;
  lockTaken?: number;
  /** Requests per second that an upstream answers to all workers together. */
  upstreamPerSecond?: number;
  /** Cores that a noisy neighbour takes: on the VM, and (as steal) from the hypervisor. Of the time in seconds. */
  neighbourCores?: (seconds: number) => number;
  stealCores?: (seconds: number) => number;
  memoryBytes?: number;
  workerBytes?: number;
}

/** CPU time that a worker needs from its fork until it is warm, ms: measured at some 300 to 400 with a site. */
const START_CPU_MS = 400;
/** Slow start: a promoted worker takes its full part after this, ms. */
const RAMP_MS = 1_000;
/** Work that the gate lets queue (its bound for anonymous pages), ms; what is more is refused. */
const GATE_MS = 50;
/** Ticks that a drain takes. */
const DRAIN_TICKS = 3;
/** Ticks that the host's idle cores are averaged over. */
const WINDOW = 5;

interface Process {
  view: WorkerView;
  startLeftMs: number;
  drainLeft: number;
  queue: number;
  arrived: number;
  completed: number;
  refused: number;
  lockWaitMs: number;
}

export interface Turn {
  arrived: number;
  served: number;
  refused: number;
}

/** The VM's state, tick by tick: a flow model, requests are counted and not followed. */
export class Vm {
  now = 0;
  readonly machine: Machine;
  private readonly random: () => number;
  private processes: Process[] = [];
  private forked = 0;
  private readonly idle: number[] = [];
  private steal = 0;

  constructor(machine: Machine, random: () => number) {
    this.machine = machine;
    this.random = random;
  }

  get views(): WorkerView[] {
    return this.processes.map(({ view }) => view);
  }

  count(...states: WorkerView['state'][]): number {
    let count = 0;
    for (const { view } of this.processes) if (states.includes(view.state)) count += 1;
    return count;
  }

  fork(): void {
    this.forked += 1;
    this.processes.push({
      view: {
        name: `worker-${this.forked}`,
        state: 'starting',
        startedAt: this.now,
        servingAt: undefined,
        lastSignAt: undefined,
        beat: undefined,
      },
      startLeftMs: START_CPU_MS,
      drainLeft: DRAIN_TICKS,
      queue: 0,
      arrived: 0,
      completed: 0,
      refused: 0,
      lockWaitMs: 0,
    });
  }

  promote(): void {
    const spare = this.processes.find(({ view }) => view.state === 'spare');
    if (spare !== undefined) spare.view = { ...spare.view, state: 'serving', servingAt: this.now };
  }

  drain(): void {
    const serving = this.processes.findLast(({ view }) => view.state === 'serving');
    if (serving !== undefined) serving.view = { ...serving.view, state: 'draining', drainingAt: this.now };
  }

  /** One tick with this many requests per second coming. */
  tick(perSecond: number): Turn {
    const { machine } = this;
    const from = this.now;
    this.now += TICK_MS;
    const serving = this.processes.filter(({ view }) => view.state === 'serving');
    const turn = this.arrive(serving, poisson((perSecond * TICK_MS) / 1_000, this.random), from);

    const others = machine.neighbourCores?.(from / 1_000) ?? 0;
    const stolen = machine.stealCores?.(from / 1_000) ?? 0;
    const cores = Math.max(0.05, machine.cores - others - stolen);
    const starting = this.processes.filter(({ startLeftMs }) => startLeftMs > 0);
    const wanted = serving.map(({ queue }) => Math.min(TICK_MS, queue * machine.workMs));
    const demand = wanted.reduce((sum, ms) => sum + ms, 0) + starting.length * TICK_MS;
    // All that want to run share the cores; none gets more than one.
    const share = Math.min(1, (cores * TICK_MS) / Math.max(1, demand));

    let used = 0;
    for (const process of starting) {
      process.startLeftMs -= TICK_MS * share;
      used += TICK_MS * share;
      if (process.startLeftMs <= 0) process.view = { ...process.view, state: 'spare' };
    }
    used += this.serve(serving, share, turn);
    for (const process of this.processes) if (process.view.state === 'draining') process.drainLeft -= 1;
    this.processes = this.processes.filter(({ drainLeft }) => drainLeft > 0);

    this.idle.push(Math.max(0, cores - used / TICK_MS));
    if (this.idle.length > WINDOW) this.idle.shift();
    this.steal = stolen / machine.cores;
    return turn;
  }

  host(): HostSample {
    const { memoryBytes = 8e9, workerBytes = 1e8 } = this.machine;
    const idleCores = this.idle.reduce((sum, cores) => sum + cores, 0) / Math.max(1, this.idle.length);
    return {
      idleCores,
      stealShare: this.steal,
      quotaCores: undefined,
      throttledShare: undefined,
      throttledMs: undefined,
      cpuPressure: undefined,
      memoryPressure: undefined,
      memoryLimitBytes: memoryBytes,
      memoryAvailableBytes: Math.max(0, memoryBytes - this.processes.length * workerBytes),
    };
  }

  /** Spreads new requests over the workers, those in their slow start getting less. */
  private arrive(serving: readonly Process[], count: number, at: number): Turn {
    const weights = serving.map(({ view }) => Math.min(1, 0.2 + (at - (view.servingAt ?? at)) / RAMP_MS));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    let left = count;
    serving.forEach((process, index) => {
      const part =
        index === serving.length - 1 ? left : Math.min(left, Math.round((count * (weights[index] ?? 0)) / sum));
      process.queue += part;
      process.arrived += part;
      left -= part;
    });
    return { arrived: count, served: 0, refused: 0 };
  }

  /** Works off the queues; gives the CPU time used, ms. */
  private serve(serving: readonly Process[], share: number, turn: Turn): number {
    const {
      workMs,
      lockMs = 0,
      lockTaken = 0,
      upstreamPerSecond = Number.POSITIVE_INFINITY,
      workerBytes = 1e8,
    } = this.machine;
    const cpuRoom = (TICK_MS * share) / workMs;
    const able = serving.map(({ queue }) => Math.min(queue, cpuRoom));
    const wanted = able.reduce((sum, count) => sum + count, 0);
    const byLock = lockMs > 0 ? (TICK_MS * (1 - lockTaken)) / lockMs : Number.POSITIVE_INFINITY;
    const byUpstream = (upstreamPerSecond * TICK_MS) / 1_000;
    const lockShare = Math.min(1, byLock / Math.max(1e-9, wanted));
    const granted = Math.min(lockShare, byUpstream / Math.max(1e-9, wanted), 1);
    let used = 0;
    serving.forEach((process, index) => {
      const done = (able[index] ?? 0) * granted;
      const cpuMs = done * workMs;
      const busyMs = cpuMs / Math.max(share, 0.01);
      // A synchronous wait for a lock keeps the loop from everything else.
      const waitMs = lockShare < 1 ? Math.max(0, TICK_MS - busyMs) : 0;
      process.queue -= done;
      const perMs = Math.max(1e-9, (cpuRoom * granted) / TICK_MS);
      const refused = Math.max(0, process.queue - GATE_MS * perMs);
      process.queue -= refused;
      process.completed += done;
      process.refused += refused;
      process.lockWaitMs += waitMs;
      turn.served += done;
      turn.refused += refused;
      used += cpuMs;
      const queueDelayMs = process.queue >= 1 ? process.queue / perMs : 0;
      const elu = Math.min(1, (busyMs + waitMs) / TICK_MS);
      process.view = {
        ...process.view,
        lastSignAt: this.now,
        beat: beatOf(process, elu, queueDelayMs, workMs / share, refused > 0, workerBytes),
      };
    });
    return used;
  }
}

const NO_FEATURES = {};
const NO_LOAD = { loop: 0, pool: 0, elsewhere: 0 };
const beatOf = (
  process: Process,
  elu: number,
  queueDelayMs: number,
  lagMs: number,
  saturated: boolean,
  rssBytes: number,
): Beat => ({
  type: 'beat',
  resting: false,
  lagP50Ms: elu > 0.5 ? lagMs / 2 : 0,
  lagP99Ms: elu > 0.5 ? lagMs : 0,
  lagMaxMs: lagMs,
  elu,
  inFlight: Math.round(process.queue),
  queued: Math.round(process.queue),
  queueDelayMs,
  workUnitMs: 0,
  loadRatio: NO_LOAD,
  completed: process.completed,
  refused: process.refused,
  arrived: process.arrived,
  connections: 0,
  rssBytes,
  heapBytes: rssBytes / 2,
  poolQueued: 0,
  poolRunning: 0,
  sqliteWaitMs: process.lockWaitMs,
  cachePages: 0,
  cacheBytes: 0,
  saturated,
  listening: true,
  features: NO_FEATURES,
});
