import { Lanes } from '../../../src/engine/admission/lanes.ts';
import type { QueuedTask } from '../../../src/engine/pool/task-queue.ts';
import { PRIORITIES, type Priority } from '../../../src/engine/site.ts';
import { exponential, seeded } from './seeded.ts';

export interface SimTask extends QueuedTask {
  readonly runMs: number;
  readonly stream: Stream;
  /** Expected wait when it came. */
  readonly expectedMs: number;
}

/** Tasks of one kind that keep coming. */
export interface Stream {
  task: string;
  priority: Priority;
  /** Poisson arrivals, a second. */
  rate: number;
  /** Time of a run, ms; default: always `ms`. */
  runMs?: (random: () => number) => number;
  ms: number;
  deadlineMs?: number;
  fromMs?: number;
  untilMs?: number;
}

/** What became of the tasks of one stream. */
export class Tally {
  offered = 0;
  started = 0;
  done = 0;
  ranMs = 0;
  refused = 0;
  /** Dropped when their turn came. */
  dropped = 0;
  expired = 0;
  readonly waitsMs: number[] = [];
  /** How far the expected waits were off, ms. */
  readonly errorsMs: number[] = [];

  waitMs(quantile: number): number {
    const sorted = [...this.waitsMs].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;
  }
}

/** A pool whose threads are numbers: tasks come and end on a simulated clock. */
export class SimulatedPool {
  readonly lanes: Lanes<SimTask>;
  readonly running: SimTask[] = [];
  readonly tallies = new Map<Stream, Tally>();
  now = 0;
  busyMs = 0;
  mostWaiting = 0;
  private readonly random: () => number;
  /** Time until the loop hears of the end of a task. */
  private readonly handOverMs: number;
  private readonly ends: { at: number; task: SimTask }[] = [];

  constructor(options: { threads: number; maxQueue?: number; seed: number; handOverMs?: number }) {
    this.handOverMs = options.handOverMs ?? 0;
    this.lanes = new Lanes({ maxQueue: 10_000, ...options });
    this.random = seeded(options.seed);
  }

  /** Lets each of the names run once, so that its run time is known. */
  learn(streams: readonly Stream[]): void {
    for (const { task, ms } of streams) {
      this.offer({ task, ms, priority: 'normal', rate: 0 });
      this.advance(this.now + ms + 1_000);
    }
  }

  offer(stream: Stream): SimTask {
    const { task, priority, deadlineMs = 5_000, ms, runMs = () => ms } = stream;
    const tally = this.tallyOf(stream);
    const { now } = this;
    const offered: SimTask = {
      task,
      priority,
      queuedAt: now,
      deadlineAt: now + deadlineMs,
      runMs: runMs(this.random),
      stream,
      expectedMs: this.lanes.expectedWaitMs(task, priority, now),
    };
    tally.offered += 1;
    const refused = this.lanes.push(offered, now);
    if (refused !== undefined) this.tallyOf(refused.task.stream).refused += 1;
    this.startAll();
    this.mostWaiting = Math.max(this.mostWaiting, this.lanes.length);
    return offered;
  }

  /** Lets the tasks of the streams come for `forMs`; `check` is called after each event. */
  play(streams: readonly Stream[], forMs: number, check: () => void = () => {}): void {
    const end = this.now + forMs;
    const next = streams.map(({ rate, fromMs = 0 }) => this.now + fromMs + exponential(this.random, 1_000 / rate));
    for (;;) {
      let first = 0;
      for (const [index, at] of next.entries()) if (at < next[first]!) first = index;
      const at = next[first]!;
      if (at >= end) break;
      const stream = streams[first]!;
      this.advance(at, check);
      if (at < end - forMs + (stream.untilMs ?? forMs)) this.offer(stream);
      check();
      next[first] = at + exponential(this.random, 1_000 / stream.rate);
    }
    this.advance(end, check);
  }

  /** Lets time pass, and what runs end. */
  advance(until: number, check: () => void = () => {}): void {
    for (;;) {
      const { ends } = this;
      let first = 0;
      for (const [index, { at }] of ends.entries()) if (at < ends[first]!.at) first = index;
      const ending = ends[first];
      if (ending === undefined || ending.at > until) break;
      ends.splice(first, 1);
      this.pass(ending.at);
      const { task } = ending;
      this.running.splice(this.running.indexOf(task), 1);
      const tally = this.tallyOf(task.stream);
      tally.done += 1;
      tally.ranMs += task.runMs;
      this.lanes.ended(task, task.runMs, false, this.now);
      this.startAll();
      check();
    }
    this.pass(until);
  }

  tallyOf(stream: Stream): Tally {
    let tally = this.tallies.get(stream);
    if (tally === undefined) {
      tally = new Tally();
      this.tallies.set(stream, tally);
    }
    return tally;
  }

  /** Time in threads by priority, ms. */
  ranMs(): Record<Priority, number> {
    const sums = { critical: 0, normal: 0, low: 0, background: 0 };
    for (const [{ priority }, { ranMs }] of this.tallies) sums[priority] += ranMs;
    return sums;
  }

  runningOf(task: string): number {
    return this.running.filter((each) => each.task === task).length;
  }

  private pass(until: number): void {
    this.busyMs += this.running.length * (until - this.now);
    this.now = until;
  }

  private startAll(): void {
    const { now } = this;
    for (let taken = this.lanes.take(now); taken !== undefined; taken = this.lanes.take(now)) {
      const { task, turn } = taken;
      const tally = this.tallyOf(task.stream);
      if (turn !== 'start') {
        if (turn === 'expired') tally.expired += 1;
        else tally.dropped += 1;
        continue;
      }
      tally.started += 1;
      tally.waitsMs.push(now - task.queuedAt);
      tally.errorsMs.push(now - task.queuedAt - task.expectedMs);
      this.running.push(task);
      this.ends.push({ at: now + task.runMs + this.handOverMs, task });
    }
  }
}

/** A stream of each priority that offers `load` times what `threads` threads can do, `names` names in each. */
export function flood(threads: number, load: number, ms: number, names: number, runMs?: Stream['runMs']): Stream[] {
  const rate = (load * threads * 1_000) / ms / PRIORITIES.length / names;
  return PRIORITIES.flatMap((priority) =>
    Array.from({ length: names }, (_, index) => ({
      task: `${priority}-${ms}-${index}`,
      priority,
      rate,
      ms,
      ...(runMs === undefined ? {} : { runMs }),
    })),
  );
}
