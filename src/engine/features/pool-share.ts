import { AsyncLocalStorage } from 'node:async_hooks';
import { PoolFullError } from '../pool/errors.ts';

/** Tasks of one feature that wait for its own share of the threads. */
const MAX_WAITING = 64;

/** A feature's share of the threads of the pool: its slow tasks leave the others to the rest of the site. */
export class PoolShare {
  private readonly share: () => number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** `share`: 0 to 1. */
  constructor(share: () => number) {
    this.share = share;
  }

  /**
   * Runs a task when the feature has a thread for it; of `threads` it has at least one.
   * @throws {PoolFullError} too many of its tasks wait already
   */
  async run<T>(task: string, threads: number, work: () => Promise<T>): Promise<T> {
    const limit = Math.max(1, Math.floor(this.share() * threads));
    if (this.running >= limit) {
      if (this.waiting.length >= MAX_WAITING) throw new PoolFullError(task, this.waiting.length);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.running += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next as it is.
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}

/**
 * The code that runs now makes a part of a page that the page can go without: its route is not refused because the part's
 * tasks would find no room.
 */
export const pagePart = new AsyncLocalStorage<true>();

/** The share of the feature in which the code that runs now was called. */
export const poolShare = new AsyncLocalStorage<PoolShare>();
