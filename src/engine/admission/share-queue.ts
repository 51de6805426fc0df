import { PRIORITIES, type Priority } from '../site.ts';
import type { Job } from './job.ts';

/** Parts of what there is that each priority gets while all of them have work waiting. */
export const WEIGHTS: Readonly<Record<Priority, number>> = { critical: 8, normal: 4, low: 2, background: 1 };

/** Virtual time in which a line forgets half of what it could not use for want of room, ms. */
const LAG_HALF_LIFE_MS = 250;

interface Entry<J> {
  job: J;
  newer: Entry<J> | undefined;
  older: Entry<J> | undefined;
}

/** The waiting jobs of one priority, the oldest first. */
class Line<J extends Job> {
  readonly weight: number;
  oldest: Entry<J> | undefined;
  newest: Entry<J> | undefined;
  /** Expected work of jobs of no kind that wait, ms. */
  private ownMs = 0;
  /** How many jobs of each kind wait. */
  private readonly kinds = new Map<NonNullable<Job['kind']>, number>();
  /** Virtual time at which the oldest job starts: what the line has had so far, over its weight. */
  startTag = 0;

  constructor(weight: number) {
    this.weight = weight;
  }

  /** Expected work that waits, ms. */
  get workMs(): number {
    let sum = this.ownMs;
    if (this.kinds.size > 0) for (const [kind, count] of this.kinds) sum += count * kind.costMs;
    return sum;
  }

  count({ kind, costMs }: J, by: 1 | -1): void {
    if (kind === undefined) {
      // Sums of floats drift: an empty line is exactly 0 again.
      this.ownMs = this.oldest === undefined ? 0 : Math.max(0, this.ownMs + by * costMs);
      return;
    }
    const count = (this.kinds.get(kind) ?? 0) + by;
    if (count === 0) this.kinds.delete(kind);
    else this.kinds.set(kind, count);
  }
}

/** Expected cost of a job as it is known now, ms. */
const costOf = ({ kind, costMs }: Job): number => kind?.costMs ?? costMs;

/**
 * A queue in which each priority has a weighted share of what there is, and what one leaves the others have
 * (work-conserving). Start-time fair queueing (Goyal, Vin, Cheng: SIGCOMM 1996): the line whose virtual start is
 * earliest goes first, and serving it moves its start on by cost over weight. Strict priority starves: a new page that
 * 12,815 visitors asked for was never rendered behind members' work. Deficit round robin would do as well for
 * throughput, but makes a line that was empty wait for its turn in the round: here it goes next, so whoever stays
 * below the own share (a critical request) waits for one running job only.
 */
export class ShareQueue<J extends Job> {
  private readonly lines: Readonly<Record<Priority, Line<J>>> = {
    critical: new Line(WEIGHTS.critical),
    normal: new Line(WEIGHTS.normal),
    low: new Line(WEIGHTS.low),
    background: new Line(WEIGHTS.background),
  };
  private readonly entries = new Map<J, Entry<J>>();
  /** Start of the job that was taken last: where a line that was empty joins. */
  private virtualNow = 0;

  get length(): number {
    return this.entries.size;
  }

  has(job: J): boolean {
    return this.entries.has(job);
  }

  /** A job must not change its priority or cost while it is queued. */
  push(job: J): void {
    const line = this.lines[job.priority];
    if (line.oldest === undefined) line.startTag = Math.max(line.startTag, this.virtualNow);
    const entry: Entry<J> = { job, newer: undefined, older: line.newest };
    if (line.newest !== undefined) line.newest.newer = entry;
    line.newest = entry;
    line.oldest ??= entry;
    line.count(job, 1);
    this.entries.set(job, entry);
  }

  /** Takes a job out, wherever it stands; false when it is not there. */
  remove(job: J): boolean {
    const entry = this.entries.get(job);
    if (entry === undefined) return false;
    const line = this.lines[job.priority];
    if (entry.newer !== undefined) entry.newer.older = entry.older;
    else line.newest = entry.older;
    if (entry.older !== undefined) entry.older.newer = entry.newer;
    else line.oldest = entry.newer;
    line.count(job, -1);
    this.entries.delete(job);
    return true;
  }

  /** Takes the next job. */
  shift(): J | undefined {
    return this.shiftWhere(everyJob);
  }

  /** Takes the next job for which there is room; the others keep their places, and their line its turn. */
  shiftWhere(hasRoom: (job: J) => boolean): J | undefined {
    let found: Entry<J> | undefined;
    let foundLine: Line<J> | undefined;
    for (const priority of PRIORITIES) {
      const line = this.lines[priority];
      // At the same start the higher priority goes first.
      if (foundLine !== undefined && line.startTag >= foundLine.startTag) continue;
      let entry = line.oldest;
      while (entry !== undefined && !hasRoom(entry.job)) entry = entry.newer;
      if (entry !== undefined) {
        found = entry;
        foundLine = line;
      }
    }
    if (found === undefined || foundLine === undefined) return undefined;
    const { job } = found;
    this.remove(job);
    const before = this.virtualNow;
    this.virtualNow = Math.max(before, foundLine.startTag);
    foundLine.startTag += costOf(job) / foundLine.weight;
    if (this.virtualNow > before) this.forgetLag(this.virtualNow - before);
    return job;
  }

  /**
   * A line for whose jobs there was no room falls behind, and goes first as soon as there is; after an hour it would keep
   * all others out for long. All lags shrink alike, so that the lines that fell behind keep their shares of each other.
   */
  private forgetLag(virtualMs: number): void {
    const kept = 2 ** (-virtualMs / LAG_HALF_LIFE_MS);
    for (const priority of PRIORITIES) {
      const line = this.lines[priority];
      const lagMs = this.virtualNow - line.startTag;
      if (lagMs > 0) line.startTag = this.virtualNow - lagMs * kept;
    }
  }

  /**
   * Expected work that is done before one more job of this priority, ms: all of its own line, and of every other line
   * as much as its weight lets it have meanwhile.
   */
  aheadMs(priority: Priority): number {
    const own = this.lines[priority];
    return this.aheadOf(own, own.workMs);
  }

  /** The job of this priority that came last, and the expected work that is done before it, ms. */
  newest(priority: Priority): { job: J; aheadMs: number } | undefined {
    const own = this.lines[priority];
    const job = own.newest?.job;
    return job === undefined ? undefined : { job, aheadMs: this.aheadOf(own, own.workMs - costOf(job)) };
  }

  private aheadOf(own: Line<J>, ownMs: number): number {
    let sum = ownMs;
    for (const other of PRIORITIES) {
      const line = this.lines[other];
      if (line !== own) sum += Math.min(line.workMs, (ownMs * line.weight) / own.weight);
    }
    return sum;
  }

  /**
   * Expected work that is done before one more job of this priority, ms, by the virtual time at which it would start: a
   * line that was served just now waits for its next turn though nothing of its own is ahead.
   */
  untilTurnMs(priority: Priority): number {
    const own = this.lines[priority];
    const joinsAt = own.oldest === undefined ? Math.max(own.startTag, this.virtualNow) : own.startTag;
    const startsAt = joinsAt + own.workMs / own.weight;
    let sum = own.workMs;
    for (const other of PRIORITIES) {
      const line = this.lines[other];
      if (line !== own) sum += Math.min(line.workMs, Math.max(0, startsAt - line.startTag) * line.weight);
    }
    return sum;
  }

  /** Expected work of all lines, ms. */
  get workMs(): number {
    let sum = 0;
    for (const priority of PRIORITIES) sum += this.lines[priority].workMs;
    return sum;
  }

  /** When the oldest job was queued; undefined when nothing waits. */
  oldestQueuedAt(): number | undefined {
    let oldest: number | undefined;
    for (const priority of PRIORITIES) {
      const at = this.lines[priority].oldest?.job.queuedAt;
      if (at !== undefined && (oldest === undefined || at < oldest)) oldest = at;
    }
    return oldest;
  }

  *[Symbol.iterator](): Generator<J, void> {
    yield* this.entries.keys();
  }
}

const everyJob = (): boolean => true;
