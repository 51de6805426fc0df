import { Ewma } from './ewma.ts';
import { WaitingWork } from './waiting-work.ts';

/** A new version or a larger table shows within some seconds. */
const HALF_LIFE_MS = 5_000;
/**
 * A task whose runs take longer on the average is a slow one. A quick task of an important class then waits for at
 * most some 25 ms in its own thread, a tenth of what the pool lets anybody wait; writes and reads of a site take
 * 0.1 to 10 ms, a password hash 38 ms.
 */
export const SLOW_MS = 25;
/** Expected run time before one was seen, ms: nobody is refused for the sake of a time that is not known. */
const FIRST_RUN_MS = 1;
/** Part of `SLOW_MS` under which a slow task counts as quick again: a few short runs do not make it one. */
const QUICK_AGAIN = 0.6;
/** Names whose run time is kept; a site has some dozens. */
export const MAX_NAMES = 1_000;

/** What is known of the tasks of one name. */
export class TaskName {
  readonly waiting = new WaitingWork();
  running = 0;
  /** An unknown task counts as slow until its first run has ended: if it is, it must not take the last thread. */
  isSlow = true;
  private readonly run = new Ewma(HALF_LIFE_MS);

  /** Mean time in the thread, ms; undefined before the first run has ended. */
  get runMs(): number | undefined {
    return this.run.value;
  }

  /** Expected time in the thread, ms. */
  get expectedMs(): number {
    return this.run.value ?? FIRST_RUN_MS;
  }

  get isIdle(): boolean {
    return this.running === 0 && this.waiting.isEmpty;
  }

  /** `cutShort`: the run would have taken longer, so it counts only when it says that runs are longer than thought. */
  observe(ranMs: number, cutShort: boolean, now: number): void {
    const { value } = this.run;
    if (cutShort && ranMs < (value ?? SLOW_MS)) return;
    this.run.addCapped(ranMs, now);
    const limitMs = value !== undefined && this.isSlow ? QUICK_AGAIN * SLOW_MS : SLOW_MS;
    this.isSlow = (this.run.value ?? limitMs) > limitMs;
  }
}

/** The names of the tasks that came so far; of too many, one without tasks is forgotten. */
export class TaskNames {
  private readonly names = new Map<string, TaskName>();
  private readonly unknown = new TaskName();

  /** What is known of the name, without making a place for it. */
  peek(name: string): TaskName {
    return this.names.get(name) ?? this.unknown;
  }

  of(name: string): TaskName {
    let known = this.names.get(name);
    if (known === undefined) {
      if (this.names.size >= MAX_NAMES) this.forgetOne();
      known = new TaskName();
      this.names.set(name, known);
    }
    return known;
  }

  private forgetOne(): void {
    for (const [name, known] of this.names) {
      if (!known.isIdle) continue;
      this.names.delete(name);
      return;
    }
  }
}
