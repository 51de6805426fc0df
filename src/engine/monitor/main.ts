import { setPriority } from 'node:os';
import type { Config } from '../../config.ts';
import { readAlertSettings } from '../alerts/file.ts';
import { isOurs } from '../link.ts';
import { createLog } from '../log.ts';
import { type FromMonitor, toMonitorSchema } from '../monitor-messages.ts';
import { settle } from '../settle.ts';
import { createDailyBackup } from './daily-backup.ts';
import { createMonitor } from './monitor.ts';
import { openOps } from './ops/attach.ts';
import { serveOn } from './serve.ts';
import { openTrafficDb } from './traffic-db.ts';

/** Below the workers: what it does can wait. */
const NICE_STEPS = 5;
const LOWEST = 19;

/** The monitor: history, alerts, incidents, and the server of `/ops`. It may die at any time. */
export async function startMonitor(config: Config): Promise<void> {
  setPriority(Math.min(LOWEST, config.workerNice + NICE_STEPS));
  const log = createLog(config.logLevel, 'monitor', config);
  const folder = process.env.TAHAN_INTERNAL_OPS ?? '';
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const send = (message: FromMonitor): void => {
    // A closing channel is no news here: `disconnect` follows and ends the process.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  const db = openTrafficDb(config.dataDir, (line) => log.warn(line));
  const monitor = createMonitor({ db, config, alertSettings: readAlertSettings(config.alerts), log, send });
  process.once('disconnect', () => {
    monitor.flush();
    process.exit(0);
  });
  if (config.backup === 'daily') {
    const look = createDailyBackup({
      dataDir: config.dataDir,
      log,
      note(text, failed) {
        monitor.history.note({ at: Date.now(), kind: 'note', text, ...(failed ? { severity: 'warn' } : {}) });
      },
    });
    monitor.subscribe((sample) => void look(sample.mode));
  }
  process.on('message', (raw: unknown) => {
    if (!isOurs(raw)) return;
    const parsed = toMonitorSchema.safeParse(raw);
    if (parsed.success) monitor.take(parsed.data);
    else log.warn({ problem: parsed.error.issues[0]?.message }, 'message from the primary is not valid');
  });
  const { socket } = await serveOn(folder, openOps(monitor, config, log));
  settle();
  send({ type: 'ready', socket });
}
