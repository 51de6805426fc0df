import type { Sample } from '../../monitor-sample.ts';
import type { CronTimes } from '../../stress/cron.ts';
import { rateOf, whyNotNow, whyStop } from '../../stress/quiet.ts';
import type { Circumstances, Measured, StressRun } from '../../stress/run-record.ts';
import type { RunningProgram } from './run-program.ts';

/** A run that takes longer is ended, ms. */
const MAX_RUN_MS = 300_000;
/** A sample that comes later than this after the time of a run finds it missed (the monitor was away), ms. */
const LATE_MS = 60_000;

export interface ScheduledRunsOptions {
  cron: CronTimes;
  now: () => number;
  /** A planned rush that is near or under way, by its name. */
  event: (now: number) => string | undefined;
  run: () => RunningProgram;
  circumstances: Circumstances;
  keep: (run: StressRun) => void;
  /** For the operator's history. */
  note: (text: string, failed: boolean) => void;
}

export interface ScheduledRuns {
  /** To be called with each sample. */
  take: (sample: Sample) => void;
  /** Epoch ms; undefined: never again. */
  readonly next: number | undefined;
}

/** Runs a test when its time has come and nobody is in need of the machine, and ends it when somebody is. */
export function createScheduledRuns(options: ScheduledRunsOptions): ScheduledRuns {
  const { cron, now, event, run, keep, note } = options;
  let next = cron.next(now());
  let running: { program: RunningProgram; startRate: number; startedAt: number; ended?: string } | undefined;

  const end = (why: string): void => {
    if (running === undefined || running.ended !== undefined) return;
    running.ended = why;
    running.program.stop();
  };
  const begin = (sample: Sample): void => {
    const program = run();
    const mine = { program, startRate: rateOf(sample), startedAt: now() } as NonNullable<typeof running>;
    running = mine;
    const over = (take: () => void): void => {
      running = undefined;
      if (mine.ended === undefined) take();
      else note(`the scheduled stress run was ended: ${mine.ended}`, false);
    };
    program.result.then(
      (measured: Measured) => over(() => keep({ ...options.circumstances, ...measured, at: now() })),
      (error: Error) => over(() => note(`the scheduled stress run failed: ${error.message}`, true)),
    );
  };

  return {
    get next() {
      return next;
    },
    take(sample) {
      const at = now();
      if (running !== undefined) {
        const why = whyStop(sample, event(at), running.startRate);
        if (why !== undefined) end(why);
        else if (at - running.startedAt > MAX_RUN_MS) end(`it took over ${MAX_RUN_MS / 1_000} s`);
        return;
      }
      if (next === undefined || at < next) return;
      const due = next;
      next = cron.next(at);
      const why = at - due > LATE_MS ? 'its time has passed' : whyNotNow(sample, event(at));
      if (why === undefined) begin(sample);
      else note(`the scheduled stress run is skipped: ${why}`, false);
    },
  };
}
