import type { Priority } from '../site.ts';
import { CoDel } from './codel.ts';
import { admit, Gate, type GateOptions, type GateView } from './gate.ts';
import type { Outcome, Refusal, SiteJob } from './job.ts';
import type { Flight, Lanes, RouteWork } from './route-work.ts';
import { ShareQueue } from './share-queue.ts';
import { TINY_MS, TinyBatch } from './tiny-batch.ts';
import { WorkUnit } from './work-unit.ts';

export type { SiteJob } from './job.ts';

export interface DispatcherOptions extends Omit<GateOptions, 'unit'> {
  /** Size of the work in hand, for tests; absent: nothing is known yet. */
  unit?: WorkUnit;
  /** All routes, for what is told of them. */
  works?: readonly RouteWork[];
  /** The thread pool's lanes; absent: no route uses the pool. */
  lanes?: Lanes;
  /** Most answers that stream at once. */
  maxStreams: number;
  /** Count what would be refused, and refuse nothing. */
  dryRun: boolean;
  onRefusal: (priority: Priority, why: Refusal, dryRun: boolean) => void;
  /** A connection or a request came in. */
  onArrival?: () => void;
  /** Calls back in the next turn of the event loop. Default: `setImmediate`. */
  nextTurn?: (callback: () => void) => void;
}

/** Turns of the event loop that may pass before the next job although visitors keep arriving. */
const MAX_TURNS = 64;
/** Share of the job before that arriving visitors may take of the loop before the next job must run. */
const ARRIVAL_SHARE = 1;
const MIN_ARRIVAL_MS = 2;
/**
 * CoDel's target over the bound by which the gate let a job in. The gate keeps the queue as long as its bound in any
 * overload: a target below that would turn away late, at dequeue, what is turned away at once at the gate; so would one
 * that follows a bound which has fallen meanwhile. Above it CoDel is for what the gate cannot see: a cost that was
 * measured too low.
 */
const CODEL_OVER_BOUND = 1.5;
/** And at least, ms. */
const MIN_CODEL_TARGET_MS = 20;
/** Work ahead over the bound from which those that wait are told that there is no room; and how many with one newcomer. */
const SHED_OVER_BOUND = 2;
const MAX_SHED = 2;
/** Over the bound for a place before a job that is parked is turned away: as for CoDel. */
const PARKED_OVER_BOUND = 1.5;

/**
 * I/O-first dispatch. libuv accepts one connection per turn of the event loop; a server that runs each 5 ms handler
 * as it arrives accepts 200 connections a second and collapses under more. So before each job the loop keeps turning
 * until a turn brought no new connection or request, bounded in turns and time.
 */
export class Dispatcher {
  readonly queue = new ShareQueue<SiteJob>();
  readonly gate: Gate;
  /** Jobs that the site works on or waits for, streams not counted. */
  inFlight = 0;
  /** Answers that stream, or have no deadline. */
  streams = 0;
  completed = 0;
  refused = 0;
  private readonly options: DispatcherOptions;
  private dryRun: boolean;
  private readonly nextTurn: (callback: () => void) => void;
  private readonly codel: Readonly<Record<Priority, CoDel>> = {
    critical: new CoDel(),
    normal: new CoDel(),
    low: new CoDel(),
    background: new CoDel(),
  };
  readonly unit: WorkUnit;
  private readonly parkedTimers = new Map<SiteJob, NodeJS.Timeout>();
  private arrived = false;
  private scheduled = false;
  private turns = 0;
  private waitSince = 0;
  private running: { job: SiteJob; startedAt: number; arrivalMs: number } | undefined;
  private arrivalMs = 0;
  private readonly tiny = new TinyBatch();
  /** Time of tiny jobs that counts as none of the arrival in which they ran, ms. */
  private tinyRunMs = 0;
  private lastCostMs = MIN_ARRIVAL_MS;

  constructor(options: DispatcherOptions) {
    this.options = options;
    this.dryRun = options.dryRun;
    this.unit = options.unit ?? new WorkUnit();
    this.gate = new Gate({ ...options, unit: this.unit });
    this.nextTurn = options.nextTurn ?? setImmediate;
  }

  /** An operator's word, over what the settings say. */
  tune({ dryRun, gateFactor }: { dryRun: boolean; gateFactor: number }): void {
    this.dryRun = dryRun;
    this.gate.factor = gateFactor;
  }

  /** Size of the work in hand on the loop: E[S²]/E[S] of recent jobs, ms. */
  get workUnitMs(): number {
    return this.unit.ms;
  }

  /** How full the fullest route is: its requests under way and those that wait for a place, over its places. */
  get placesRatio(): number {
    let ratio = 0;
    for (const work of this.options.works ?? []) ratio = Math.max(ratio, (work.inFlight + work.waiting) / work.limit);
    return ratio;
  }

  /** A connection or a request came in, and took `ms` of the loop. */
  noteArrival(ms: number): void {
    this.options.onArrival?.();
    this.arrived = true;
    this.arrivalMs += Math.max(0, ms - this.tinyRunMs);
    this.tinyRunMs = 0;
  }

  /** Queues a job, or says why not. In a dry run it is always queued. */
  offer(job: SiteJob): Refusal | undefined {
    const now = this.options.now();
    this.gate.offer(job.costMs, now);
    const why = this.judge(job.priority, job.work, job.deadlineAt - now, now);
    if (why !== undefined) {
      this.turnAway(job.priority, job.work, why, now);
      if (!this.dryRun) return why;
    }
    if (this.isTiny(job, now)) this.runTiny(job, now);
    else this.enqueue(job);
    return undefined;
  }

  private isTiny(job: SiteJob, now: number): boolean {
    return !this.scheduled && isTinyWork(job) && job.work.hasRoom() && this.tiny.hasTime(now);
  }

  private runTiny(job: SiteJob, now: number): void {
    if (this.tiny.isEmpty) this.nextTurn(this.settleTiny);
    this.tiny.add(job.work, now, this.arrivalMs);
    this.begin(job, now);
    this.tinyRunMs += this.options.now() - now;
  }

  private readonly settleTiny = (): void => {
    const now = this.options.now();
    this.lastCostMs =
      this.tiny.settle(now, this.arrivalMs, (work, costMs) => this.observeCost(work, costMs, now)) ?? this.lastCostMs;
  };

  /** Whether one more request of a route would be refused now. `remainingMs`: time until its deadline. */
  wouldRefuse(priority: Priority, work: RouteWork, remainingMs: number): boolean {
    return !this.dryRun && this.judge(priority, work, remainingMs, this.options.now()) !== undefined;
  }

  /** What the gate sees of one more request of a route now, for an operator who watches. */
  view(priority: Priority, work: RouteWork, remainingMs: number): GateView {
    const now = this.options.now();
    const { lanes } = this.options;
    return {
      why: this.judge(priority, work, remainingMs, now),
      aheadMs: this.queue.aheadMs(priority),
      laneMs: work.laneWaitMs(lanes, priority),
      placeMs: work.placeWaitMs(now),
      needMs: work.needMs(lanes),
      remainingMs,
      boundMs: this.gate.boundMs(priority, remainingMs, now, this.gate.share),
    };
  }

  /** Refuses, and counts, what would be refused: for requests that never become a job. */
  refusesEarly(priority: Priority, work: RouteWork, remainingMs: number): boolean {
    if (this.dryRun) return false;
    const now = this.options.now();
    const why = this.judge(priority, work, remainingMs, now);
    if (why === undefined) return false;
    this.gate.offer(work.costMs, now);
    this.turnAway(priority, work, why, now);
    return true;
  }

  /** What a refusal on arrival means for the others: counted, offered to the pool, told to those that came too late. */
  private turnAway(priority: Priority, work: RouteWork, why: Refusal, now: number): void {
    if (why === 'pool') work.turnedAway(this.options.lanes);
    this.countRefusal(priority, why);
    if (!this.dryRun && (why === 'queue' || why === 'deadline')) this.shed(priority, now);
  }

  /** Takes out a job that nobody waits for any more. */
  cancel(job: SiteJob): void {
    if (this.unpark(job)) return;
    if (this.queue.remove(job)) this.freePlaceOf(job);
  }

  /** A job that waits goes on as one of another priority. */
  reprioritise(job: SiteJob, priority: Priority): void {
    if (!this.queue.remove(job)) {
      job.priority = priority;
      return;
    }
    job.priority = priority;
    this.queue.push(job);
  }

  /** A job whose answer streams for longer than its deadline gives its place back; false: too many streams are open. */
  becomesStream(job: SiteJob, flight: Flight): boolean {
    if (!flight.placed) return true;
    if (this.streams >= this.options.maxStreams) return false;
    job.work.release(flight);
    this.streams += 1;
    this.inFlight -= 1;
    this.resumeParked(job.work);
    return true;
  }

  private judge(priority: Priority, work: RouteWork, remainingMs: number, now: number): Refusal | undefined {
    const { lanes, maxStreams } = this.options;
    if (this.queue.length === 0 && work.isFree && this.streams < maxStreams) return undefined;
    if (remainingMs === Number.POSITIVE_INFINITY && this.streams >= maxStreams) return 'streams';
    const laneMs = work.laneWaitMs(lanes, priority);
    if (laneMs === Number.POSITIVE_INFINITY) return 'pool';
    let placeMs = work.placeWaitMs(now);
    if (placeMs > 0 && this.releaseStreams(work)) placeMs = work.placeWaitMs(now);
    if (placeMs > Math.min(work.placeBoundMs(), remainingMs)) return 'concurrency';
    const aheadMs = this.queue.aheadMs(priority);
    const waitMs = aheadMs + laneMs + placeMs;
    return admit({
      aheadMs,
      waitMs,
      needMs: work.needMs(lanes),
      remainingMs,
      boundMs: this.gate.boundMs(priority, remainingMs, now, this.gate.share),
    });
  }

  /**
   * The bound falls as a surge is seen, and some were let in before that. Those that came last are told at once that there
   * is no room: they would wait beyond their deadline, or hold up until theirs all who come after them.
   */
  private shed(priority: Priority, now: number): void {
    for (let shed = 0; shed < MAX_SHED; shed += 1) {
      const newest = this.queue.newest(priority);
      if (newest === undefined) return;
      const { job, aheadMs } = newest;
      const boundMs = this.gate.boundMs(priority, job.deadlineAt - now, now);
      if (aheadMs <= SHED_OVER_BOUND * boundMs) return;
      this.queue.remove(job);
      this.countRefusal(priority, 'queue');
      job.refuse('queue');
      this.freePlaceOf(job);
    }
  }

  /** Streams take no place of their route: gives those of the route's back that have begun meanwhile, first to who waits. */
  private releaseStreams(work: RouteWork): boolean {
    const released = work.releaseStreams(this.options.maxStreams - this.streams);
    this.streams += released;
    this.inFlight -= released;
    if (released > 0) this.resumeParked(work);
    return released > 0;
  }

  /** Places of a route may be free: for the parked jobs that are next. Their wait for it was no delay of the queue. */
  private resumeParked(work: RouteWork): void {
    for (let job = work.unparkNext<SiteJob>(); job !== undefined; job = work.unparkNext<SiteJob>()) {
      clearTimeout(this.parkedTimers.get(job));
      this.parkedTimers.delete(job);
      job.queuedAt = this.options.now();
      this.enqueue(job);
    }
  }

  /** A job that is not run may be the one that was to take a free place: whoever waits behind it must not wait for ever. */
  private freePlaceOf(job: SiteJob): void {
    job.work.giveBack(job);
    this.resumeParked(job.work);
  }

  private park(job: SiteJob): void {
    job.work.park(job);
    const timer = setTimeout(() => {
      if (!this.unpark(job)) return;
      this.countRefusal(job.priority, 'concurrency');
      job.refuse('concurrency');
    }, job.work.placeBoundMs() * PARKED_OVER_BOUND);
    this.parkedTimers.set(job, timer);
  }

  private unpark(job: SiteJob): boolean {
    if (!job.work.unpark(job)) return false;
    clearTimeout(this.parkedTimers.get(job));
    this.parkedTimers.delete(job);
    return true;
  }

  private enqueue(job: SiteJob): void {
    const now = this.options.now();
    job.boundMs = this.gate.boundMs(job.priority, job.deadlineAt - now, now);
    this.queue.push(job);
    if (this.scheduled) return;
    this.scheduled = true;
    this.waitSince = now;
    this.turns = 0;
    this.arrived = true;
    this.nextTurn(this.turn);
  }

  private readonly turn = (): void => {
    const now = this.options.now();
    this.settleCost(now);
    const patienceMs = this.lastCostMs <= TINY_MS ? 0 : Math.max(MIN_ARRIVAL_MS, this.lastCostMs * ARRIVAL_SHARE);
    if (this.arrived && this.turns < MAX_TURNS && now - this.waitSince < patienceMs) {
      this.arrived = false;
      this.turns += 1;
      this.nextTurn(this.turn);
      return;
    }
    let job = this.next(now);
    while (job !== undefined && isTinyWork(job) && this.tiny.hasTime(this.options.now())) {
      this.runTiny(job, this.options.now());
      job = this.next(now);
    }
    if (job === undefined) {
      this.scheduled = false;
      return;
    }
    this.start(job, now);
    this.nextTurn(this.turn);
  };

  private next(now: number): SiteJob | undefined {
    for (;;) {
      const job = this.queue.shift();
      if (job === undefined) return undefined;
      const { work } = job;
      const why = this.stale(job, now);
      if (why !== undefined) {
        this.countRefusal(job.priority, why);
        if (!this.dryRun || why === 'expired') {
          job.refuse(why);
          this.freePlaceOf(job);
          continue;
        }
      }
      if (isStream(job) || work.hasRoom(job) || this.dryRun) return job;
      if (this.releaseStreams(work) && work.hasRoom(job)) return job;
      this.park(job);
    }
  }

  private stale(job: SiteJob, now: number): Refusal | undefined {
    if (job.deadlineAt <= now) return 'expired';
    // When it came the work may have been unknown.
    const nowMs = this.gate.boundMs(job.priority, job.deadlineAt - job.queuedAt, now);
    const targetMs = Math.max(MIN_CODEL_TARGET_MS, CODEL_OVER_BOUND * Math.max(job.boundMs, nowMs));
    const dropped = this.codel[job.priority].shouldDrop(now - job.queuedAt, targetMs, now);
    return dropped ? 'codel' : undefined;
  }

  private start(job: SiteJob, now: number): void {
    // A dear job after tiny ones of the same turn is none of their cost.
    this.settleTiny();
    this.running = { job, startedAt: now, arrivalMs: this.arrivalMs };
    this.begin(job, now);
  }

  private begin(job: SiteJob, now: number): void {
    const { work } = job;
    const flight = work.started(job, now, !isStream(job));
    if (flight.placed) this.inFlight += 1;
    else this.streams += 1;
    job.run(flight)?.then((outcome) => this.ended(job, flight, outcome));
  }

  /** A job that runs has ended. Once for each. */
  ended({ work }: SiteJob, flight: Flight, outcome: Outcome): void {
    if (flight.placed) this.inFlight -= 1;
    else this.streams -= 1;
    this.completed += 1;
    work.ended(flight, this.options.now(), outcome === 'dropped');
    this.resumeParked(work);
  }

  /** The job's time on the loop: until the next turn, less what arriving visitors took of it. */
  private settleCost(now: number): void {
    if (this.running === undefined) return;
    const { job, startedAt, arrivalMs } = this.running;
    this.running = undefined;
    // Patience begins here and not where run() returned: an async listener works on in microtasks after that.
    this.waitSince = now;
    this.turns = 0;
    this.arrived = true;
    this.lastCostMs = Math.max(0, now - startedAt - (this.arrivalMs - arrivalMs));
    this.observeCost(job.work, this.lastCostMs, now);
  }

  private observeCost(work: RouteWork, costMs: number, now: number): void {
    work.observeCost(costMs, now);
    this.unit.observe(costMs, now);
  }

  private countRefusal(priority: Priority, why: Refusal): void {
    this.refused += 1;
    this.options.onRefusal(priority, why, this.dryRun && why !== 'expired');
  }
}

/** Its route's requests mostly cost next to nothing. */
const isTinyWork = (job: SiteJob): boolean =>
  !isStream(job) && (job.work.medianCostMs ?? Number.POSITIVE_INFINITY) <= TINY_MS;

/** Without a deadline it may take as long as it likes: it never takes a place of its route. */
const isStream = (job: SiteJob): boolean => job.deadlineAt === Number.POSITIVE_INFINITY;
