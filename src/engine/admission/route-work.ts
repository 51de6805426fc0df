import type { Priority } from '../site.ts';
import type { AdaptiveLimit } from './adaptive-limit.ts';
import { Ewma } from './ewma.ts';

/** A job whose answer may stream. */
export interface MayStream {
  /** The head of its answer is out and the body streams. Absent: never. */
  isStreaming?: () => boolean;
}

/** A job of a route on its way. */
export interface Flight {
  startedAt: number;
  inFlightAtStart: number;
  /** Time that it has spent in the pool so far, waiting included, ms; and the tasks that it ran there. */
  poolMs: number;
  readonly tasks: string[];
  readonly job: MayStream;
  /** It holds a place of its route. */
  placed: boolean;
}

/** What a route must know of the thread pool: how long a task waits before it would start. */
export interface Lanes {
  /** Expected wait of one more task of this name, ms. */
  expectedWaitMs: (task: string, priority: Priority) => number;
  /** Learned run time, ms; undefined: never ran. */
  runMs: (task: string) => number | undefined;
  /** One more task would be refused now. */
  refuses: (task: string, priority: Priority) => boolean;
  /** A request that would have run the task was refused: the task counts as offered load. */
  turnedAway: (task: string) => void;
}

/** What a route costs is the mean of its last seconds, so that a new version or a larger table shows soon. */
const HALF_LIFE_MS = 5_000;
/** Step of the median of the costs, as a part of it. */
const MEDIAN_STEP = 0.05;
/** Before anything was measured, ms: nobody is refused for the sake of a time that is not known. */
const FIRST_COST_MS = 1;
/** Of fewer requests nothing is kept for the next start: the first ones are compiled while they run. */
const LEAST_LEARNED = 5;
/** Tasks of a route that are learned; a route that runs more of them is judged by the first. */
const MAX_TASKS = 8;
/** A task counts as one of the route's when at least this share of its requests runs it. */
const USUAL_SHARE = 0.5;
/** Weight of one request in that share. */
const SHARE_WEIGHT = 0.1;
/** Longest expected wait for a place where places become free quickly, ms: who waits longer is told at once. */
const PLACE_WAIT_MS = 250;
/** But so many places may have to become free first: with few and slow ones a burst is not a surge either. */
const PLACE_UNITS = 12;

/**
 * What is learned of a route: its time on the event loop, the tasks it runs in the pool, and its time elsewhere (an
 * upstream); and how many of its requests may be elsewhere at once. A job that finds no place is parked and comes back
 * when one of its own route ends, so a slow route never holds up another.
 */
export class RouteWork {
  private cost = new Ewma(HALF_LIFE_MS);
  private runs = 0;
  private readonly elsewhere = new Ewma(HALF_LIFE_MS);
  private median: number | undefined;
  /** Share of the requests that run a task, by its name. */
  private readonly tasks = new Map<string, number>();
  private readonly flights = new Set<Flight>();
  private readonly parked = new Set<object>();
  /** Jobs that were parked and go on: a place is kept for each, so that no newcomer overtakes them. */
  private readonly kept = new Set<object>();
  private readonly limiter: AdaptiveLimit;

  constructor(limiter: AdaptiveLimit) {
    this.limiter = limiter;
  }

  /** Expected time on the event loop, ms. */
  get costMs(): number {
    return this.cost.value ?? FIRST_COST_MS;
  }

  /** Median time on the event loop, ms: what the kernel gave to others meanwhile moves it little. Undefined: not measured yet. */
  get medianCostMs(): number | undefined {
    return this.median;
  }

  /** What is worth to be known after a restart; undefined: too little was seen. */
  get learned(): { costMs: number; medianMs: number; elsewhereMs: number; runs: number } | undefined {
    if (this.runs < LEAST_LEARNED || this.median === undefined) return undefined;
    const { costMs, median, runs } = this;
    return { costMs, medianMs: median, elsewhereMs: this.elsewhere.value ?? 0, runs };
  }

  /**
   * Begins with what was learned before a restart. It counts as one request: the first that is measured weighs as much, and
   * after the second hardly anything of it is left.
   */
  expect(
    { costMs, medianMs, elsewhereMs }: { costMs: number; medianMs: number; elsewhereMs: number },
    now: number,
  ): void {
    this.cost.add(costMs, now);
    if (elsewhereMs > 0) this.elsewhere.add(elsewhereMs, now);
    this.median = medianMs;
  }

  get waiting(): number {
    return this.parked.size;
  }

  get limit(): number {
    return this.limiter.limit;
  }

  /** Places taken. */
  get inFlight(): number {
    return this.flights.size;
  }

  /** Expected time of a request, its waits not counted, ms. */
  needMs(lanes: Lanes | undefined): number {
    return this.cpuMs(lanes) + (this.elsewhere.value ?? 0);
  }

  /** Expected CPU time of a request: on the event loop and in the pool, ms. */
  cpuMs(lanes: Lanes | undefined): number {
    let sum = this.costMs;
    if (lanes !== undefined) for (const task of this.usualTasks()) sum += lanes.runMs(task) ?? 0;
    return sum;
  }

  /** Expected wait before the lanes of its tasks, ms; Infinity where one of them refuses. */
  laneWaitMs(lanes: Lanes | undefined, priority: Priority): number {
    if (lanes === undefined || this.tasks.size === 0) return 0;
    let sum = 0;
    for (const task of this.usualTasks()) {
      if (lanes.refuses(task, priority)) return Number.POSITIVE_INFINITY;
      sum += lanes.expectedWaitMs(task, priority);
    }
    return sum;
  }

  /** A request of this route was refused for its lanes. */
  turnedAway(lanes: Lanes | undefined): void {
    for (const task of this.usualTasks()) lanes?.turnedAway(task);
  }

  /** Expected wait for a place behind those that wait already, ms. */
  placeWaitMs(now: number): number {
    if (this.hasRoom()) return 0;
    // As the places become free in about the order in which they were taken, it is known when that is.
    let ends = this.flights.size + this.kept.size - this.limit + this.parked.size;
    for (const { startedAt } of this.flights) {
      if (ends-- > 0) continue;
      const ageMs = now - startedAt;
      // What never ended yet may take as long again as it has.
      return Math.max(0, (this.elsewhere.value ?? 2 * ageMs) - ageMs);
    }
    // Then those that begin now end.
    return ends < this.kept.size ? (this.elsewhere.value ?? 0) : Number.POSITIVE_INFINITY;
  }

  /** Longest wait for a place that is let in, ms. */
  placeBoundMs(): number {
    return Math.max(PLACE_WAIT_MS, (PLACE_UNITS * (this.elsewhere.value ?? 0)) / this.limit);
  }

  /** Whether there is a place; for a job that was parked: the one that is kept for it. */
  hasRoom(job?: object): boolean {
    if (job !== undefined && this.kept.has(job)) return true;
    return this.flights.size + this.kept.size < this.limit;
  }

  /** There is a place, and no lane of the pool to wait for. */
  get isFree(): boolean {
    return this.tasks.size === 0 && this.hasRoom();
  }

  park(job: object): void {
    this.parked.add(job);
  }

  /** Takes a job out of the parked ones; false when it was not there. */
  unpark(job: object): boolean {
    return this.parked.delete(job);
  }

  /** Takes out the parked job whose turn it is, where there is room for it, and keeps the place until it begins. */
  unparkNext<Parked extends object>(): Parked | undefined {
    if (this.parked.size === 0 || !this.hasRoom()) return undefined;
    const [next] = this.parked;
    if (next === undefined) return undefined;
    this.parked.delete(next);
    this.kept.add(next);
    return next as Parked;
  }

  /** A job for which a place was kept does not begin. */
  giveBack(job: object): void {
    this.kept.delete(job);
  }

  /** `placed: false`: a stream from its start, which takes no place. */
  started(job: MayStream, now: number, placed: boolean): Flight {
    this.kept.delete(job);
    const flight: Flight = {
      startedAt: now,
      inFlightAtStart: this.flights.size + 1,
      poolMs: 0,
      tasks: [],
      job,
      placed,
    };
    if (placed) this.flights.add(flight);
    return flight;
  }

  ended(flight: Flight, now: number, dropped: boolean): void {
    if (this.tasks.size > 0 || flight.tasks.length > 0) this.learnTasks(flight.tasks);
    if (!flight.placed) return;
    this.flights.delete(flight);
    const latencyMs = now - flight.startedAt;
    this.elsewhere.add(Math.max(0, latencyMs - flight.poolMs - this.costMs), now);
    this.limiter.observe({ now, latencyMs, inFlight: flight.inFlightAtStart, dropped });
  }

  /** Takes the places of those whose answer streams by now; gives how many, at most `most`. */
  releaseStreams(most: number): number {
    let released = 0;
    for (const flight of this.flights) {
      if (released >= most) break;
      if (flight.job.isStreaming?.() !== true) continue;
      this.release(flight);
      released += 1;
    }
    return released;
  }

  release(flight: Flight): void {
    flight.placed = false;
    this.flights.delete(flight);
  }

  observeCost(ms: number, now: number): void {
    this.runs += 1;
    // The first run of a route is compiled and fills the caches while it runs: the second tells more.
    if (this.runs === 2 && ms < this.costMs) this.cost = new Ewma(HALF_LIFE_MS);
    this.cost.addCapped(ms, now);
    // A stochastic approximation of the median (Robbins and Monro): a step up or down with each sample.
    if (this.runs === 1 || this.median === undefined) this.median = ms;
    else this.median *= ms > this.median ? 1 + MEDIAN_STEP : 1 - MEDIAN_STEP;
  }

  private learnTasks(ran: readonly string[]): void {
    for (const [name, share] of this.tasks)
      this.tasks.set(name, share + SHARE_WEIGHT * ((ran.includes(name) ? 1 : 0) - share));
    for (const name of ran) if (!this.tasks.has(name) && this.tasks.size < MAX_TASKS) this.tasks.set(name, USUAL_SHARE);
  }

  private *usualTasks(): Generator<string, void> {
    for (const [name, share] of this.tasks) if (share >= USUAL_SHARE) yield name;
  }
}
