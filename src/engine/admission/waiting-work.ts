import { PRIORITIES, type Priority } from '../site.ts';
import { WEIGHTS } from './share-queue.ts';

/** Expected run time of the tasks of one lane or one name that wait, by priority. */
export class WaitingWork {
  private readonly ms: Record<Priority, number> = { critical: 0, normal: 0, low: 0, background: 0 };
  private readonly counts: Record<Priority, number> = { critical: 0, normal: 0, low: 0, background: 0 };

  add(priority: Priority, costMs: number): void {
    this.ms[priority] += costMs;
    this.counts[priority] += 1;
  }

  remove(priority: Priority, costMs: number): void {
    this.counts[priority] -= 1;
    // Sums of floats drift: with no task left it is exactly 0 again.
    this.ms[priority] = this.counts[priority] === 0 ? 0 : Math.max(0, this.ms[priority] - costMs);
  }

  get isEmpty(): boolean {
    return this.weight === 0;
  }

  /** Weights of the priorities of which a task waits. */
  get weight(): number {
    let sum = 0;
    for (const priority of PRIORITIES) if (this.counts[priority] > 0) sum += WEIGHTS[priority];
    return sum;
  }

  get totalMs(): number {
    let sum = 0;
    for (const priority of PRIORITIES) sum += this.ms[priority];
    return sum;
  }

  /** What is done before one more task of this priority, ms: as `ShareQueue.aheadMs`, for these tasks only. */
  aheadMs(priority: Priority): number {
    const ownMs = this.ms[priority];
    let sum = ownMs;
    for (const other of PRIORITIES) {
      if (other !== priority) sum += Math.min(this.ms[other], (ownMs * WEIGHTS[other]) / WEIGHTS[priority]);
    }
    return sum;
  }
}
