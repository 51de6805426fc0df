/**
 * Shortest memory of the meter, ms; and in units of the work offered (E[S²]/E[S] of the expected costs). At 0.65 of the
 * capacity the memory then has 5 arrivals of dear work, and counts over the last 10: chance alone seldom makes a surge
 * of them; and a surge is seen within two costs of the moment from which the queue would grow without end.
 */
const MIN_MEMORY_MS = 1_000;
const MEMORY_UNITS = 8;
/** Weight of one job in the means of cost and squared cost. */
const COST_WEIGHT = 0.05;
/** A load counts at most so many times what there is: after a surge the meter is back within some memories. */
const MAX_RATIO = 20;

/**
 * The offered load of one resource: the expected cost of everything that arrives, refused or not, over the time that
 * there is to do it in. 1: just as much as can be done; over it a queue grows without end, under it a queue is chance.
 * An exponential mean whose memory grows with the size of the jobs: of dear ones there are few, and few say little.
 */
export class LoadMeter {
  private sumMs = 0;
  private meanCost = 0;
  private meanSquare = 0;
  private at = 0;
  private readonly memoryUnits: number;

  constructor(memoryUnits = MEMORY_UNITS) {
    this.memoryUnits = memoryUnits;
  }

  /** `costMs` arrives at `now` (monotonic clock, ms); what can be done in a millisecond is `capacity` milliseconds of it. */
  offer(costMs: number, now: number, capacity = 1): void {
    if (this.meanCost === 0) {
      this.meanCost = costMs;
      this.meanSquare = costMs * costMs;
    }
    this.decay(now);
    this.meanCost += COST_WEIGHT * (costMs - this.meanCost);
    this.meanSquare += COST_WEIGHT * (costMs * costMs - this.meanSquare);
    this.sumMs = Math.min(this.sumMs + costMs / capacity, MAX_RATIO * this.memoryMs());
  }

  ratio(now: number): number {
    this.decay(now);
    // Of what was before the first job nothing is known: it counts as quiet, so a first burst is no surge.
    return this.sumMs / this.memoryMs();
  }

  private memoryMs(): number {
    return Math.max(MIN_MEMORY_MS, this.meanCost > 0 ? (this.memoryUnits * this.meanSquare) / this.meanCost : 0);
  }

  private decay(now: number): void {
    this.sumMs *= Math.exp(-Math.max(0, now - this.at) / this.memoryMs());
    this.at = now;
  }
}
