import type { Logger } from 'pino';
import type { Config } from '../../../config.ts';
import { readEvents } from '../../events/file.ts';
import { eventPlan } from '../../events/plan.ts';
import { circumstances } from '../../stress/circumstances.ts';
import { readCron } from '../../stress/cron.ts';
import { stressProgram } from '../../stress/program.ts';
import type { Monitor } from '../monitor.ts';
import { runProgram } from './run-program.ts';
import { createScheduledRuns } from './scheduled-runs.ts';

/** No test so long before the server makes itself ready for a planned rush, ms. */
const BEFORE_EVENT_MS = 30 * 60_000;

/** Has the tests of `TAHAN_STRESS_SCHEDULE` run beside this monitor. @throws {CronError} */
export function scheduleStress(monitor: Monitor, config: Config, log: Logger): void {
  const runs = createScheduledRuns({
    cron: readCron(config.stressSchedule),
    now: Date.now,
    event(now) {
      const events = readEvents(config.dataDir);
      return eventPlan(events, now).names[0] ?? eventPlan(events, now + BEFORE_EVENT_MS).names[0];
    },
    run: () => runProgram(stressProgram()!),
    circumstances: circumstances(config.version),
    keep(run) {
      monitor.stress.keep(run);
      const { text } = monitor.stress.view();
      log.info({ perSecond: run.perSecond }, `scheduled stress run: ${text}`);
      monitor.history.note({ at: run.at, kind: 'note', text: `scheduled stress run: ${text}` });
    },
    note(text, failed) {
      log[failed ? 'warn' : 'info'](text);
      monitor.history.note({ at: Date.now(), kind: 'note', text, ...(failed ? { severity: 'warn' } : {}) });
    },
  });
  monitor.stress.next = () => runs.next;
  monitor.subscribe((sample) => runs.take(sample));
}
