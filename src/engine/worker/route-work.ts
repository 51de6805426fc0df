import type { SiteJob } from './dispatcher.ts';
import type { Refusal } from './gate.ts';

/** A bound on concurrency that learns from how long work takes. */
export interface ConcurrencyLimit {
  readonly limit: number;
  observe: (sample: { now: number; latencyMs: number; inFlight: number }) => void;
}

/** What is known of the work of one route on this worker. */
export interface Flight {
  startedAt: number;
  inFlightAtStart: number;
}

/** Weight of a new sample in the averages. */
const WEIGHT = 0.1;
/** Before anything was measured, ms. */
const FIRST_COST_MS = 1;

/**
 * Per route: the expected cost of a request on the event loop, and the bound on how many of them may wait for the
 * pool or an upstream at once. A job that finds no room is parked and comes back when one of its own route ends, so a
 * slow route never holds up another.
 */
export class RouteWork {
  private cost = FIRST_COST_MS;
  private latency = 0;
  private measured = false;
  private inFlight = 0;
  private readonly parked: SiteJob[] = [];
  private readonly bound: ConcurrencyLimit;

  constructor(bound: ConcurrencyLimit) {
    this.bound = bound;
  }

  /** Expected time on the event loop, ms. */
  get costMs(): number {
    return this.cost;
  }

  get waiting(): number {
    return this.parked.length;
  }

  get limit(): number {
    return this.bound.limit;
  }

  /** Refuses what could not be done in time behind those that already wait for a place of this route. */
  admit(remainingMs: number): Refusal | undefined {
    if (this.hasRoom()) return undefined;
    const waitMs = ((this.parked.length + 1) / Math.max(1, this.bound.limit)) * this.latency;
    return waitMs + this.latency > remainingMs || this.parked.length >= this.bound.limit * 4 ? 'concurrency' : undefined;
  }

  hasRoom(): boolean {
    return this.inFlight < this.bound.limit;
  }

  park(job: SiteJob): void {
    this.parked.push(job);
  }

  /** Takes a job out of the parked ones; false when it was not there. */
  unpark(job: SiteJob): boolean {
    const at = this.parked.indexOf(job);
    if (at === -1) return false;
    this.parked.splice(at, 1);
    return true;
  }

  started(now: number): Flight {
    this.inFlight += 1;
    return { startedAt: now, inFlightAtStart: this.inFlight };
  }

  /** Gives the parked job whose turn it is. */
  ended(flight: Flight, now: number): SiteJob | undefined {
    this.inFlight -= 1;
    const latencyMs = now - flight.startedAt;
    this.latency = this.latency === 0 ? latencyMs : this.latency + WEIGHT * (latencyMs - this.latency);
    this.bound.observe({ now, latencyMs, inFlight: flight.inFlightAtStart });
    return this.hasRoom() ? this.parked.shift() : undefined;
  }

  observeCost(ms: number): void {
    this.cost = this.measured ? this.cost + WEIGHT * (ms - this.cost) : ms;
    this.measured = true;
  }
}
