import type { Priority } from '../site.ts';
import { BurstBudget } from './burst.ts';
import type { CoDel } from './codel.ts';
import { admit, type GateBounds, type GateQuestion, overBound, type Refusal } from './gate.ts';
import { type Job, WorkQueue } from './queue.ts';
import type { RouteWork } from './route-work.ts';

/** A piece of work for the site: a visitor's request, or a render for the page cache. */
export interface SiteJob extends Job {
  work: RouteWork;
  /** Starts the site on it; resolves when its answer is done, or was not done in time. Must not throw or reject. */
  run: () => Promise<'done' | 'dropped'>;
  /** Called instead of `run`. */
  refuse: (why: Refusal) => void;
}

export interface DispatcherOptions {
  bounds: GateBounds;
  /** One for each priority: the delay of one says nothing about another. */
  codel: Record<Priority, CoDel>;
  /** Count what would be refused, and refuse nothing. */
  dryRun: boolean;
  onRefusal: (priority: Priority, why: Refusal, dryRun: boolean) => void;
  now: () => number;
}

/** Turns of the event loop that may pass before the next job although visitors keep arriving. */
const MAX_TURNS = 64;
/** Share of the job before that arriving visitors may take of the loop before the next job must run. */
const ARRIVAL_SHARE = 1;
const MIN_ARRIVAL_MS = 2;
/** With no more work queued than this, of all priorities, the queue is as good as empty. */
const REST_MS = 10;

/**
 * I/O-first dispatch. libuv accepts one connection per turn of the event loop; a server that runs each 5 ms handler
 * as it arrives accepts 200 connections a second and collapses under more. So before each job the loop keeps turning
 * until a turn brought no new connection or request, bounded in turns and time.
 */
export class Dispatcher {
  readonly queue = new WorkQueue<SiteJob>();
  /** Share of the bounds in force, 0..1: a promoted worker starts slowly. */
  share = 1;
  /** Jobs that the site works on or waits for. */
  inFlight = 0;
  completed = 0;
  refused = 0;
  private readonly options: DispatcherOptions;
  private readonly burst = new BurstBudget();
  private arrived = false;
  private scheduled = false;
  private turns = 0;
  private waitSince = 0;
  private running: { job: SiteJob; startedAt: number; arrivalMs: number } | undefined;
  private arrivalMs = 0;
  private lastCostMs = MIN_ARRIVAL_MS;

  constructor(options: DispatcherOptions) {
    this.options = options;
  }

  /** A connection or a request came in, and took `ms` of the loop. */
  noteArrival(ms: number): void {
    this.arrived = true;
    this.arrivalMs += ms;
  }

  /** Queues a job, or says why not. In a dry run it is always queued. */
  offer(job: SiteJob): Refusal | undefined {
    const { bounds, dryRun } = this.options;
    const now = this.options.now();
    const question = { ...this.ask(job, now), remainingMs: job.deadlineAt - now };
    const why = admit(bounds, question) ?? job.work.admit(question.remainingMs);
    if (why !== undefined) {
      this.countRefusal(job.priority, why);
      if (!dryRun) return why;
    } else if (overBound(bounds, question) === 'burst') {
      this.burst.take(job.costMs);
    }
    this.enqueue(job);
    return undefined;
  }

  /** Whether a job of this kind would be refused now. */
  wouldRefuse(job: Pick<SiteJob, 'priority' | 'costMs'>): boolean {
    const question = { ...this.ask(job, this.options.now()), remainingMs: Number.POSITIVE_INFINITY };
    return !this.options.dryRun && admit(this.options.bounds, question) !== undefined;
  }

  private ask(
    { priority, costMs }: Pick<SiteJob, 'priority' | 'costMs'>,
    now: number,
  ): Omit<GateQuestion, 'remainingMs'> {
    if (this.queue.workAheadMs('background') <= REST_MS) this.burst.rest();
    return {
      priority,
      costMs,
      aheadMs: this.queue.workAheadMs(priority),
      share: this.share,
      burstMs: this.burst.availableMs(now),
    };
  }

  /** Refuses, and counts it, what would be refused: for requests that never become a job. */
  refusesEarly(priority: Priority, costMs: number): boolean {
    if (!this.wouldRefuse({ priority, costMs })) return false;
    this.countRefusal(priority, 'queue');
    return true;
  }

  cancel(job: SiteJob): void {
    if (job.work.unpark(job)) {
      job.cancelled = true;
      return;
    }
    const queued = this.queue.has(job);
    this.queue.cancel(job);
    if (queued) this.resumeParked(job.work.unparkNext());
  }

  /** A place of a route may be free: for the parked job that is next. Its wait for it was no delay of the queue. */
  private resumeParked(job: SiteJob | undefined): void {
    if (job === undefined) return;
    job.queuedAt = this.options.now();
    this.enqueue(job);
  }

  private enqueue(job: SiteJob): void {
    this.queue.push(job);
    if (this.scheduled) return;
    this.scheduled = true;
    this.waitSince = this.options.now();
    this.turns = 0;
    this.arrived = true;
    setImmediate(this.turn);
  }

  private readonly turn = (): void => {
    const now = this.options.now();
    this.settleCost(now);
    const patienceMs = Math.max(MIN_ARRIVAL_MS, this.lastCostMs * ARRIVAL_SHARE);
    if (this.arrived && this.turns < MAX_TURNS && now - this.waitSince < patienceMs) {
      this.arrived = false;
      this.turns += 1;
      setImmediate(this.turn);
      return;
    }
    const job = this.next(now);
    if (job === undefined) {
      this.scheduled = false;
      return;
    }
    this.start(job, now);
    setImmediate(this.turn);
  };

  private next(now: number): SiteJob | undefined {
    for (;;) {
      const job = this.queue.shift();
      if (job === undefined) return undefined;
      const why = this.stale(job, now);
      if (why !== undefined) {
        this.countRefusal(job.priority, why);
        if (!this.options.dryRun || why === 'expired') {
          job.refuse(why);
          // It may be the one that was to take the free place: whoever waits behind it must not wait for ever.
          this.resumeParked(job.work.unparkNext());
          continue;
        }
      }
      if (job.work.hasRoom() || this.options.dryRun) return job;
      job.work.park(job);
    }
  }

  private stale(job: SiteJob, now: number): Refusal | undefined {
    if (job.deadlineAt <= now) return 'expired';
    return this.options.codel[job.priority].shouldDrop(now - job.queuedAt, job.costMs, now) ? 'codel' : undefined;
  }

  private start(job: SiteJob, now: number): void {
    this.running = { job, startedAt: now, arrivalMs: this.arrivalMs };
    this.inFlight += 1;
    const flight = job.work.started(now);
    const ended = (dropped: boolean): void => {
      this.inFlight -= 1;
      this.completed += 1;
      this.resumeParked(job.work.ended(flight, this.options.now(), dropped));
    };
    job.run().then((outcome) => ended(outcome === 'dropped'));
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
    job.work.observeCost(this.lastCostMs, now);
  }

  private countRefusal(priority: Priority, why: Refusal): void {
    this.refused += 1;
    this.options.onRefusal(priority, why, this.options.dryRun && why !== 'expired');
  }
}
