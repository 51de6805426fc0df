import { PRIORITIES, type Priority } from '../site.ts';

/** Work that waits for its turn on the event loop. */
export interface Job {
  /** Set by the queue while it holds the job. */
  queued?: boolean;
  priority: Priority;
  /** Expected time on the event loop, ms. */
  costMs: number;
  /** When it was queued and when it must be done, on the clock of `performance.now()`, ms. */
  queuedAt: number;
  deadlineAt: number;
  /** Set when nobody waits for it any more; it is skipped without work. */
  cancelled: boolean;
}

/** First in, first out per priority, with the queued work of each known at any time. */
export class WorkQueue<J extends Job> {
  private readonly jobs: J[][] = PRIORITIES.map(() => []);
  private readonly heads: number[] = PRIORITIES.map(() => 0);
  private readonly workMs: number[] = PRIORITIES.map(() => 0);
  private readonly dead: number[] = PRIORITIES.map(() => 0);
  private live = 0;

  /** Queued jobs that are not cancelled. */
  get length(): number {
    return this.live;
  }

  /** Expected work queued at or above a priority, ms. */
  workAheadMs(priority: Priority): number {
    let sum = 0;
    for (let level = rank(priority); level >= 0; level--) sum += this.workMs[level]!;
    return sum;
  }

  has(job: J): boolean {
    return job.queued === true;
  }

  push(job: J): void {
    job.queued = true;
    const level = rank(job.priority);
    this.jobs[level]!.push(job);
    this.workMs[level]! += job.costMs;
    this.live += 1;
  }

  /** Takes a queued job out of the account; it is dropped when its turn comes. */
  cancel(job: J): void {
    if (job.cancelled) return;
    job.cancelled = true;
    if (job.queued !== true) return;
    this.forget(job);
    const level = rank(job.priority);
    this.dead[level]! += 1;
    // Visitors that leave while a higher priority keeps the loop busy must not pile up here.
    if (this.dead[level]! >= 64 && this.dead[level]! * 2 > this.jobs[level]!.length) this.sweep(level);
  }

  /** The next job: highest priority first, oldest first. */
  shift(): J | undefined {
    for (let level = 0; level < this.jobs.length; level++) {
      const queue = this.jobs[level]!;
      while (this.heads[level]! < queue.length) {
        const job = queue[this.heads[level]!]!;
        this.heads[level]! += 1;
        this.compact(level);
        if (job.cancelled) {
          this.dead[level]! -= 1;
          continue;
        }
        this.forget(job);
        return job;
      }
    }
    return undefined;
  }

  /** When the oldest live job was queued; undefined when the queue is empty. */
  oldestQueuedAt(): number | undefined {
    let oldest: number | undefined;
    for (let level = 0; level < this.jobs.length; level++) {
      const queue = this.jobs[level]!;
      for (let at = this.heads[level]!; at < queue.length; at++) {
        const job = queue[at]!;
        if (job.cancelled) continue;
        if (oldest === undefined || job.queuedAt < oldest) oldest = job.queuedAt;
        break;
      }
    }
    return oldest;
  }

  private forget(job: J): void {
    job.queued = false;
    const level = rank(job.priority);
    this.live -= 1;
    // Sums of floats drift: an empty level is exactly 0 again.
    this.workMs[level] = Math.max(0, this.workMs[level]! - job.costMs);
    if (this.live === 0) this.workMs.fill(0);
  }

  private sweep(level: number): void {
    this.jobs[level] = this.jobs[level]!.slice(this.heads[level]!).filter((job) => !job.cancelled);
    this.heads[level] = 0;
    this.dead[level] = 0;
  }

  /** Frees the passed part of the array now and then, so that shift() stays O(1). */
  private compact(level: number): void {
    const head = this.heads[level]!;
    if (head < 64 || head * 2 < this.jobs[level]!.length) return;
    this.jobs[level]!.splice(0, head);
    this.heads[level] = 0;
  }
}

const RANK: Record<Priority, number> = { critical: 0, normal: 1, low: 2, background: 3 };
export const rank = (priority: Priority): number => RANK[priority];
