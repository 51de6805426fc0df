import type { RouteWork } from './route-work.ts';

/**
 * A job that costs so little is run in the turn in which it came, while nothing waits: the queue, and the turns of the
 * loop between jobs, would cost more than the job (measured: four turns and 15 µs for a handler of 5 µs).
 */
export const TINY_MS = 0.3;
/** And so many of them in one turn, ms: then new connections are accepted first. */
const TINY_TURN_MS = 2;

/**
 * Tiny jobs of one turn of the event loop. What they cost is measured together, as their promises work on after they
 * have returned: until the next turn.
 */
export class TinyBatch {
  private readonly works: RouteWork[] = [];
  private since = 0;
  private arrivalMs = 0;

  get isEmpty(): boolean {
    return this.works.length === 0;
  }

  /** Whether one more may be run in this turn. */
  hasTime(now: number): boolean {
    return this.isEmpty || now - this.since < TINY_TURN_MS;
  }

  /** `arrivalMs`: what arriving visitors have taken of the loop so far. */
  add(work: RouteWork, now: number, arrivalMs: number): void {
    if (this.isEmpty) {
      this.since = now;
      this.arrivalMs = arrivalMs;
    }
    this.works.push(work);
  }

  /** Ends the batch: tells each of its works what it cost, which is `undefined` for an empty one, ms. */
  settle(now: number, arrivalMs: number, observe: (work: RouteWork, costMs: number) => void): number | undefined {
    if (this.isEmpty) return undefined;
    const costMs = Math.max(0, now - this.since - (arrivalMs - this.arrivalMs)) / this.works.length;
    for (const work of this.works) observe(work, costMs);
    this.works.length = 0;
    return costMs;
  }
}
