import type { AdaptiveLimit } from './adaptive-limit.ts';
import type { SiteJob } from './dispatcher.ts';
import { Ewma } from './ewma.ts';
import type { Refusal } from './gate.ts';

/** A job of a route on its way. */
export interface Flight {
  startedAt: number;
  inFlightAtStart: number;
}

/** What a route costs is the mean of its last seconds, so that a new version or a larger table shows soon. */
const HALF_LIFE_MS = 5_000;
/** Before anything was measured, ms. */
const FIRST_COST_MS = 1;

/**
 * Per route: the expected cost of a request on the event loop, and the bound on how many of them may wait for the
 * pool or an upstream at once. A job that finds no room is parked and comes back when one of its own route ends, so a
 * slow route never holds up another.
 */
export class RouteWork {
  private readonly cost = new Ewma(HALF_LIFE_MS);
  private readonly latency = new Ewma(HALF_LIFE_MS);
  private inFlight = 0;
  private readonly parked: SiteJob[] = [];
  private readonly bound: AdaptiveLimit;

  constructor(bound: AdaptiveLimit) {
    this.bound = bound;
  }

  /** Expected time on the event loop, ms. */
  get costMs(): number {
    return this.cost.value ?? FIRST_COST_MS;
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
    const latencyMs = this.latency.value ?? 0;
    const waitMs = ((this.parked.length + 1) / this.bound.limit) * latencyMs;
    return waitMs + latencyMs > remainingMs || this.parked.length >= this.bound.limit * 4 ? 'concurrency' : undefined;
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

  /** Gives the parked job whose turn it is. `dropped`: it was not done in time. */
  ended(flight: Flight, now: number, dropped: boolean): SiteJob | undefined {
    this.inFlight -= 1;
    const latencyMs = now - flight.startedAt;
    this.latency.add(latencyMs, now);
    this.bound.observe({ now, latencyMs, inFlight: flight.inFlightAtStart, dropped });
    return this.unparkNext();
  }

  /** Takes out the parked job whose turn it is, where there is room for it. */
  unparkNext(): SiteJob | undefined {
    return this.hasRoom() ? this.parked.shift() : undefined;
  }

  observeCost(ms: number, now: number): void {
    this.cost.add(ms, now);
  }
}
