import type { Priority } from '../site.ts';
import { CoDel } from './codel.ts';
import type { Job } from './job.ts';
import type { LoadMeter } from './load-meter.ts';
import { ShareQueue } from './share-queue.ts';
import { WaitingWork } from './waiting-work.ts';
import { WorkUnit } from './work-unit.ts';

/**
 * The quick or the slow tasks of a pool (see `SLOW_MS`), ordered by the shares of their priorities. Where both lanes may
 * take a thread, they share it by the weights of the priorities that wait in them: start-time fair queueing as in
 * `ShareQueue`, one level above it. With one queue for both, whether a slow background task ever had its turn was luck:
 * some quick one of its priority came first as a rule.
 */
export class Lane<J extends Job> {
  /** Its tasks that may run at once. */
  readonly threads: number;
  readonly queue = new ShareQueue<J>();
  readonly waiting = new WaitingWork();
  readonly unit = new WorkUnit();
  readonly load: LoadMeter;
  readonly codel: Readonly<Record<Priority, CoDel>> = {
    critical: new CoDel(),
    normal: new CoDel(),
    low: new CoDel(),
    background: new CoDel(),
  };
  running = 0;
  /** Virtual time at which its next task starts: what the lane has had so far, over its weight. */
  tag = 0;
  /** That of the task that was taken last. */
  startedTag = 0;

  constructor(threads: number, load: LoadMeter) {
    this.threads = threads;
    this.load = load;
  }

  push(job: J): void {
    this.queue.push(job);
    this.waiting.add(job.priority, job.costMs);
  }

  /** Takes the next task for which there is room out of the queue; it counts as waiting until it is told to have left. */
  shiftWhere(hasRoom: (job: J) => boolean): J | undefined {
    const job = this.queue.shiftWhere(hasRoom);
    if (job === undefined) return undefined;
    this.startedTag = this.tag;
    this.tag += job.costMs / this.waiting.weight;
    return job;
  }
}
