import type { Priority, RoutePolicy } from '../site.ts';
import { withinMs } from './deadline.ts';
import type { Refusal } from './job.ts';
import { LoadMeter } from './load-meter.ts';
import type { WorkUnit } from './work-unit.ts';

/** Units of work (see `work-unit.ts`) that may be queued while the load is one that can be served. */
const CALM_UNITS = 12;
/** And in a surge: enough that the loop never runs dry; a longer queue would only be later answers. */
const SURGE_UNITS = 4;
/** Offered load up to which a queue is chance, and from which it is a surge. */
const CALM_LOAD = 1.2;
const SURGE_LOAD = 2;
/** At most this share of the time left is spent waiting: what was estimated too low is still done in time. */
const SHARE_OF_TIME = 0.5;

/** One request before the gate. Times in ms. */
export interface GateQuestion {
  /** Expected work on the loop that is ahead of it. */
  aheadMs: number;
  /** Expected wait before every resource that the request uses, the loop among them, added up. */
  waitMs: number;
  /** Expected time that the request itself takes of all of them. */
  needMs: number;
  /** Time until its deadline. */
  remainingMs: number;
  /** Most work that may be ahead of it: `boundMs`. */
  boundMs: number;
}

/** What the gate sees of one more request: `why`, undefined where it lets it in, and the waits before each resource, ms. */
export interface GateView extends Omit<GateQuestion, 'waitMs'> {
  why: Refusal | undefined;
  /** Infinity: the pool refuses one of its tasks. */
  laneMs: number;
  /** Infinity: there is no telling. */
  placeMs: number;
}

/**
 * Whether one more request may queue: undefined for yes, else why not. With nothing ahead of it a request is always let
 * in, however dear it is: a bound below the cost of a single request must not close a route for ever.
 */
export function admit({ aheadMs, waitMs, needMs, remainingMs, boundMs }: GateQuestion): Refusal | undefined {
  if (waitMs > 0 && waitMs + needMs > remainingMs) return 'deadline';
  return aheadMs > 0 && aheadMs > boundMs ? 'queue' : undefined;
}

/** What the bound follows. Times in ms. */
export interface Conditions {
  /** Least bound of the priority. */
  floorMs: number;
  /** Size of the work in hand: E[S²]/E[S]. */
  unitMs: number;
  /** Offered load of the loop. */
  loadRatio: number;
  /** Share of the bound in force, 0..1: below 1 while a promoted worker starts slowly; only a surge feels it. */
  share: number;
  /** Time until the deadline of the request. */
  remainingMs: number;
}

/**
 * Most expected work that may be ahead of a request that is let in, ms. A burst is not a surge: while the offered load
 * can be served, the bound is as many units of the work in hand as chance seldom queues (M/M/1 at 0.65 of the capacity:
 * more than 12 units, of two mean costs each, 15 times in 100,000 arrivals), so that nobody is refused whom any server
 * would have served. With constants of 50 to 200 ms a site with renders of 60 ms refused 58 % at 0.65 of its capacity.
 * As the load goes to twice what can be served the bound falls to few units.
 */
export function boundMs({ floorMs, unitMs, loadRatio, share, remainingMs }: Conditions): number {
  const surge = surgeOf(loadRatio);
  const units = CALM_UNITS - (CALM_UNITS - SURGE_UNITS) * surge;
  return Math.min(Math.max(floorMs, units * unitMs), SHARE_OF_TIME * remainingMs) * (1 - (1 - share) * surge);
}

/** How much of a surge the load is, 0 (none) to 1. */
export const surgeOf = (loadRatio: number): number =>
  Math.min(1, Math.max(0, (loadRatio - CALM_LOAD) / (SURGE_LOAD - CALM_LOAD)));

/** Bounds by priority, ms. */
export type Floors = Readonly<Record<Priority, number>>;

export interface GateOptions {
  floors: Floors;
  /** Time that a request may take whose route names none, ms; longer where the work is dear. */
  deadlineMs: number;
  unit: WorkUnit;
  now: () => number;
}

/** What the gate of a worker knows: the size of the work in hand and the offered load of the loop. */
export class Gate {
  /** Share of the bounds in force in a surge, 0..1: a promoted worker starts slowly. */
  share = 1;
  /** An operator's word: every bound times this; below 1 is tighter. */
  factor = 1;
  private readonly options: GateOptions;
  private readonly load = new LoadMeter();

  constructor(options: GateOptions) {
    this.options = options;
  }

  /** Offered load of the loop: 1 is as much as can be done. */
  get loadRatio(): number {
    return this.load.ratio(this.options.now());
  }

  /** More is asked for than can be done. */
  get inSurge(): boolean {
    return surgeOf(this.loadRatio) > 0;
  }

  /** Work of `costMs` arrives, whether it is let in or not. */
  offer(costMs: number, now: number): void {
    this.load.offer(costMs, now);
  }

  /** Time that a request of a route may take, ms; Infinity: as long as it likes. */
  withinMs(policy: Pick<RoutePolicy, 'deadlineMs'>): number {
    return withinMs(policy.deadlineMs, this.options.deadlineMs, this.options.unit.ms, () => surgeOf(this.loadRatio));
  }

  /** Most work that may be ahead of a request, ms. `share`: 1 for one that was let in. */
  boundMs(priority: Priority, remainingMs: number, now: number, share = 1): number {
    return boundMs({
      floorMs: this.options.floors[priority] * this.factor,
      unitMs: this.options.unit.ms * this.factor,
      loadRatio: this.load.ratio(now),
      share,
      remainingMs,
    });
  }
}
