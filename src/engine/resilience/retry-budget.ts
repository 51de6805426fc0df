/** Calls and retries are remembered so long, ms. Finagle's default. */
const TTL_MS = 10_000;
const SLICES = 10;
const SLICE_MS = TTL_MS / SLICES;

export interface RetryBudgetOptions {
  /** Retries per call, 0.1 for one in ten. Finagle's default is 0.2; more than one in ten feeds the overload it meets. */
  share?: number;
  /** Retries that are always allowed, per second: without them, whoever calls rarely could never retry. */
  minPerSecond?: number;
}

/**
 * A budget for retries, as Finagle's RetryBudget: each call pays in a share of a retry, each retry takes one out, and
 * what is not used is forgotten after 10 s. So retries never add more than the share to the load of one that fails.
 */
export class RetryBudget {
  private readonly share: number;
  private readonly reserve: number;
  private readonly slices = new Array<number>(SLICES).fill(0);
  private slice = 0;

  constructor({ share = 0.1, minPerSecond = 2 }: RetryBudgetOptions = {}) {
    this.share = share;
    this.reserve = (minPerSecond * TTL_MS) / 1_000;
  }

  /** A first try was made. `now`: monotonic clock, ms. */
  deposit(now: number): void {
    this.advance(now);
    this.slices[this.slice % SLICES]! += this.share;
  }

  /** Takes a retry out of the budget; false: do not retry. */
  withdraw(now: number): boolean {
    this.advance(now);
    const balance = this.reserve + this.slices.reduce((sum, amount) => sum + amount, 0);
    // A tenth ten times is a little less than one.
    if (balance < 1 - 1e-9) return false;
    this.slices[this.slice % SLICES]! -= 1;
    return true;
  }

  private advance(now: number): void {
    const slice = Math.floor(now / SLICE_MS);
    const passed = Math.min(SLICES, slice - this.slice);
    for (let index = 1; index <= passed; index++) this.slices[(slice - passed + index) % SLICES] = 0;
    this.slice = Math.max(this.slice, slice);
  }
}
