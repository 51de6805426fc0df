/**
 * After a step up the connections that stay open are all at the old workers: each lets go of a share of its own, spread
 * over some seconds, by ending it with an answer. Whoever asks most is moved first. A client that was told comes back
 * on a new connection, which any worker may accept.
 */
export class Rebalance {
  private readonly now: () => number;
  private budget = 0;
  private done = 0;
  private startedAt = 0;
  private forMs = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  /** Lets go of `share` (0 to 1) of `connections` within the next `forMs`. What was left of an earlier one is dropped. */
  begin(connections: number, share: number, forMs: number): void {
    this.budget = Math.floor(connections * share);
    this.done = 0;
    this.startedAt = this.now();
    this.forMs = forMs;
  }

  /** Whether the connection that is answered now is to end; counts it. */
  next(): boolean {
    if (this.done >= this.budget) return false;
    const passedMs = this.now() - this.startedAt;
    if (passedMs >= this.forMs) {
      this.budget = 0;
      return false;
    }
    if (this.done >= this.budget * (passedMs / this.forMs)) return false;
    this.done += 1;
    return true;
  }
}
