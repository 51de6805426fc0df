import type { QueuedTask, RefusedTask, TakenTask, TaskQueue } from '../pool/task-queue.ts';
import { PRIORITIES, type Priority } from '../site.ts';
import { boundMs } from './gate.ts';
import { HandOver } from './hand-over.ts';
import { type Job, rank } from './job.ts';
import { Lane } from './lane.ts';
import { LoadMeter } from './load-meter.ts';
import { type TaskName, TaskNames } from './task-names.ts';

/**
 * Every task may wait for so long, ms, whatever the work in hand costs. In a trial with tasks of 30 ms at 10 times the
 * capacity 82 to 88 % of it was done within 500 ms with this bound, and 3 to 7 % without one. It is the same for each
 * priority: who gets how much of the threads is said by the shares.
 */
const FLOOR_MS = 250;
/** A task's own deadline is long: there is time to be sure that a load is a surge. */
const LOAD_MEMORY_UNITS = 40;
/** A task that was let in and waits over so many times its bound stands in a queue that does not drain as expected. */
const CODEL_BOUNDS = 1.5;

/**
 * A task that runs for so long over its expected time is taken for hung, ms. Not sooner: a thread that starts on a busy
 * machine takes 300 ms, and its first task seems to run meanwhile.
 */
const HUNG_MS = 1_000;

/** A task that waits or runs; its lane and cost are those of the moment when it came. */
interface Entry<T> extends Job {
  task: T;
  name: TaskName;
  lane: Lane<Entry<T>>;
  boundMs: number;
  startedAt: number;
}

export interface LanesOptions {
  threads: number;
  /** Tasks that may wait. */
  maxQueue: number;
}

/**
 * The queue of a thread pool: each priority has its share of the threads, no task name ever takes all of them, and the
 * slow names together leave at least one to the quick ones. A task whose wait would be too long is refused when it
 * comes. A pool of a single thread cannot leave one: there only the order and the bounds hold.
 */
export class Lanes<T extends QueuedTask> implements TaskQueue<T> {
  readonly threads: number;
  private readonly maxQueue: number;
  /** Most tasks of one name that run at once. */
  private readonly namePlaces: number;
  private readonly quick: Lane<Entry<T>>;
  private readonly slow: Lane<Entry<T>>;
  private readonly waiting = new Map<T, Entry<T>>();
  private readonly running: Entry<T>[] = [];
  private readonly names = new TaskNames();
  private readonly load = new LoadMeter(LOAD_MEMORY_UNITS);
  private readonly handOver = new HandOver();

  constructor({ threads, maxQueue }: LanesOptions) {
    this.threads = threads;
    this.maxQueue = maxQueue;
    this.namePlaces = Math.max(1, threads - 1);
    this.quick = new Lane(threads, new LoadMeter(LOAD_MEMORY_UNITS));
    this.slow = new Lane(Math.max(1, threads - 1), new LoadMeter(LOAD_MEMORY_UNITS));
  }

  get length(): number {
    return this.waiting.size;
  }

  push(task: T, now: number): RefusedTask<T> | undefined {
    const name = this.names.of(task.task);
    const lane = name.isSlow ? this.slow : this.quick;
    const { priority } = task;
    const costMs = name.expectedMs + this.handOver.ms;
    this.load.offer(costMs, now, this.threads);
    lane.load.offer(costMs, now, lane.threads);
    const entry: Entry<T> = {
      task,
      name,
      lane,
      priority,
      costMs,
      queuedAt: task.queuedAt,
      boundMs: this.boundMs(lane, task.deadlineAt - now, now),
      startedAt: 0,
    };
    const waitMs = this.waitMs(name, lane, priority, now);
    if (waitMs > entry.boundMs) return { task, why: 'wait', waitMs };
    if (this.waiting.size < this.maxQueue || this.hasRoom(entry)) {
      this.enter(entry);
      return undefined;
    }
    const less = this.newestBelow(priority);
    if (less === undefined) return { task, why: 'places', waitMs };
    this.remove(less.task);
    this.enter(entry);
    return { task: less.task, why: 'places', waitMs };
  }

  remove(task: T): boolean {
    const entry = this.waiting.get(task);
    if (entry === undefined) return false;
    entry.lane.queue.remove(entry);
    this.left(entry);
    return true;
  }

  take(now: number): TakenTask<T> | undefined {
    const entry = this.next();
    if (entry === undefined) return undefined;
    this.left(entry);
    const { task, lane, priority } = entry;
    if (task.deadlineAt <= now) return { task, turn: 'expired' };
    if (lane.codel[priority].shouldDrop(now - entry.queuedAt, CODEL_BOUNDS * entry.boundMs, now))
      return { task, turn: 'refuse' };
    entry.startedAt = now;
    entry.name.running += 1;
    lane.running += 1;
    this.running.push(entry);
    return { task, turn: 'start' };
  }

  ended(task: T, ranMs: number, cutShort: boolean, now: number): void {
    const at = this.running.findIndex((each) => each.task === task);
    const entry = this.running[at];
    if (entry === undefined) throw new Error(`task "${task.task}" ended without having been started`);
    this.running.splice(at, 1);
    entry.name.running -= 1;
    entry.lane.running -= 1;
    entry.name.observe(ranMs, cutShort, now);
    entry.lane.unit.observe(ranMs, now);
    this.handOver.observe(now - entry.startedAt - ranMs, now);
  }

  expectedWaitMs(task: string, priority: Priority, now: number): number {
    const name = this.names.peek(task);
    return this.waitMs(name, name.isSlow ? this.slow : this.quick, priority, now);
  }

  refuses(task: string, priority: Priority, remainingMs: number, now: number): boolean {
    const name = this.names.peek(task);
    const lane = name.isSlow ? this.slow : this.quick;
    return this.waitMs(name, lane, priority, now) > this.boundMs(lane, remainingMs, now);
  }

  turnedAway(task: string, now: number): void {
    const name = this.names.peek(task);
    const lane = name.isSlow ? this.slow : this.quick;
    const costMs = name.expectedMs + this.handOver.ms;
    this.load.offer(costMs, now, this.threads);
    lane.load.offer(costMs, now, lane.threads);
  }

  runMs(task: string): number | undefined {
    return this.names.peek(task).runMs;
  }

  loadRatio(now: number): number {
    return Math.max(this.load.ratio(now), this.slow.load.ratio(now));
  }

  oldestQueuedAt(): number | undefined {
    const [quickAt, slowAt] = [this.quick.queue.oldestQueuedAt(), this.slow.queue.oldestQueuedAt()];
    return quickAt === undefined || slowAt === undefined ? (quickAt ?? slowAt) : Math.min(quickAt, slowAt);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.waiting.keys();
  }

  private isFree(name: TaskName, lane: Lane<Entry<T>>): boolean {
    return this.running.length < this.threads && lane.running < lane.threads && name.running < this.namePlaces;
  }

  private readonly hasRoom = ({ name, lane }: Entry<T>): boolean => this.isFree(name, lane);

  /** Takes the next task for which a thread is free out of its lane: out of the lane that had less for its weight. */
  private next(): Entry<T> | undefined {
    const [first, second] = this.slow.tag < this.quick.tag ? [this.slow, this.quick] : [this.quick, this.slow];
    const entry = first.shiftWhere(this.hasRoom);
    if (entry !== undefined) return entry;
    const other = second.shiftWhere(this.hasRoom);
    // A turn that a lane could not use, or had no task for, is gone: it would have all threads for as long later on.
    if (other !== undefined) first.tag = Math.max(first.tag, second.startedTag);
    return other;
  }

  private enter(entry: Entry<T>): void {
    this.waiting.set(entry.task, entry);
    entry.lane.push(entry);
    entry.name.waiting.add(entry.priority, entry.costMs);
  }

  private left(entry: Entry<T>): void {
    this.waiting.delete(entry.task);
    entry.lane.waiting.remove(entry.priority, entry.costMs);
    entry.name.waiting.remove(entry.priority, entry.costMs);
  }

  /** The newest task that waits of the least important class below this one. */
  private newestBelow(priority: Priority): Entry<T> | undefined {
    let found: Entry<T> | undefined;
    let foundRank = rank(priority) + 1;
    if (foundRank === PRIORITIES.length) return undefined;
    for (const entry of this.waiting.values()) {
      if (rank(entry.priority) < foundRank) continue;
      found = entry;
      foundRank = rank(entry.priority);
    }
    return found;
  }

  /** The bound of the loop's gate, at most half of the time that is left. */
  private boundMs(lane: Lane<Entry<T>>, remainingMs: number, now: number): number {
    const loadRatio = Math.max(this.load.ratio(now), lane.load.ratio(now));
    return boundMs({
      floorMs: FLOOR_MS,
      unitMs: lane.unit.ms,
      loadRatio,
      share: 1,
      remainingMs: Math.max(0, remainingMs),
    });
  }

  /**
   * Expected wait of one more task: until the work ahead of it in its lane is done by the threads that the lane may
   * use, and that of its name by those that the name may use.
   */
  private waitMs(name: TaskName, lane: Lane<Entry<T>>, priority: Priority, now: number): number {
    // Whoever waits now has no room itself, or it would have started.
    if (this.isFree(name, lane)) return 0;
    const aheadMs = lane.queue.untilTurnMs(priority);
    const other = lane === this.slow ? this.quick : this.slow;
    // As much of the other lane as its weight lets it have meanwhile.
    const besideMs = aheadMs === 0 ? 0 : (aheadMs * other.waiting.weight) / lane.waiting.weight;
    const allMs = aheadMs + Math.min(other.waiting.totalMs, besideMs);
    if (this.threads === 1) return this.doneAfterMs(allMs, 1, now);
    const ofNameMs = this.doneAfterMs(name.waiting.aheadMs(priority), this.namePlaces, now, name);
    if (lane === this.slow) {
      const ofLaneMs = this.doneAfterMs(aheadMs, lane.threads, now, lane);
      return Math.max(ofNameMs, ofLaneMs, this.doneAfterMs(allMs, this.threads, now));
    }
    return Math.max(ofNameMs, this.quickWaitMs(name, priority, aheadMs, now));
  }

  /** Expected wait of one more quick task, were there no bound on its name, ms. */
  private quickWaitMs(name: TaskName, priority: Priority, aheadMs: number, now: number): number {
    // Where a slow task ends another slow one follows, as long as one waits.
    if (!this.slow.waiting.isEmpty) return this.doneAfterMs(aheadMs, this.threads - this.slow.running, now, this.quick);
    const waitMs = this.doneAfterMs(aheadMs, this.threads, now);
    const other = this.fullName();
    if (other === undefined || other === name) return waitMs;
    // A name that has all the threads it may have holds up its own tasks only.
    const besideMs = Math.max(0, aheadMs - other.waiting.aheadMs(priority));
    return Math.min(waitMs, this.doneAfterMs(besideMs, this.threads - this.namePlaces, now, undefined, other));
  }

  /** A name whose tasks wait since as many of them run as may; with two threads it may be one of two. */
  private fullName(): TaskName | undefined {
    for (const { name } of this.running) if (name.running >= this.namePlaces && !name.waiting.isEmpty) return name;
    return undefined;
  }

  /**
   * When `threads` threads have done `workMs` beyond the rests of the running tasks (only of one lane or name, or all
   * but those of a name), ms from now. A thread that is busy for longer takes no part in it.
   */
  private doneAfterMs(
    workMs: number,
    threads: number,
    now: number,
    only?: Lane<Entry<T>> | TaskName,
    but?: TaskName,
  ): number {
    let doneMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < threads; round++) {
      let sumMs = workMs;
      let helping = threads;
      for (const entry of this.running) {
        if ((only !== undefined && entry.lane !== only && entry.name !== only) || entry.name === but) continue;
        const restMs = this.restMs(entry, now);
        if (restMs > doneMs) helping -= 1;
        else sumMs += restMs;
      }
      const before = doneMs;
      doneMs = sumMs / helping;
      if (doneMs >= before) return before;
    }
    return doneMs;
  }

  /**
   * Expected rest of a running task: what its run time leaves of its cost; of a hung one as long again as it has run, so
   * that those behind it do not wait for their deadline. At its own deadline a task is stopped.
   */
  private restMs({ costMs, startedAt, task }: Entry<T>, now: number): number {
    const ranMs = now - startedAt;
    const restMs = ranMs > costMs + HUNG_MS ? ranMs : Math.max(0, costMs - ranMs);
    return Math.min(restMs, Math.max(0, task.deadlineAt - now));
  }
}
