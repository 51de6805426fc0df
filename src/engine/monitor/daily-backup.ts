import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { backupName, backupTime, isBackupDue, tooMany } from '../backup/schedule.ts';
import type { Mode } from '../beats.ts';
import { moduleNear } from '../module-near.ts';

/** The folder is looked into this often, ms. */
const LOOK_EVERY_MS = 30_000;

export interface DailyBackupOptions {
  dataDir: string;
  log: Logger;
  /** For the operator's history. */
  note: (text: string, failed: boolean) => void;
  now?: () => number;
  /** Makes the copy, off this thread. */
  copy?: (source: string, target: string) => Promise<void>;
}

/**
 * Copies `site.db` into `backups/` of the data folder once a day, and keeps seven. Gives what is to be called with each sample.
 * Where the site has no such file there is nothing to copy.
 */
export function createDailyBackup({
  dataDir,
  log,
  note,
  now = Date.now,
  copy = copyInThread,
}: DailyBackupOptions): (mode: Mode) => Promise<void> {
  const source = join(dataDir, 'site.db');
  const folder = join(dataDir, 'backups');
  const startedAt = now();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let failedAt: number | undefined;
  let busy = false;

  const make = async (): Promise<void> => {
    const name = backupName(now());
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const began = performance.now();
      await copy(source, join(folder, name));
      for (const old of tooMany(readdirSync(folder))) rmSync(join(folder, old), { force: true });
      failedAt = undefined;
      log.info({ file: join(folder, name), ms: Math.round(performance.now() - began) }, 'daily backup made');
      note(`daily backup made: backups/${name}`, false);
    } catch (error) {
      failedAt = now();
      const why = error instanceof Error ? error.message : String(error);
      log.error({ problem: why }, 'alert: the daily backup could not be made; it is tried again in an hour');
      note(`the daily backup could not be made: ${why}`, true);
    }
  };

  return async (mode) => {
    const at = now();
    if (busy || Math.abs(at - lookedAt) < LOOK_EVERY_MS) return;
    lookedAt = at;
    if (!existsSync(source)) return;
    const times = existsSync(folder) ? readdirSync(folder).flatMap((name) => backupTime(name) ?? []) : [];
    const newest = times.length === 0 ? undefined : Math.max(...times);
    if (!isBackupDue({ now: at, startedAt, newest, failedAt, mode })) return;
    busy = true;
    await make();
    busy = false;
  };
}

/** A copy reads the whole file, and reads it again to check it: the thread that draws the dashboard must not wait for it. */
function copyInThread(source: string, target: string): Promise<void> {
  const thread = new Worker(moduleNear('../backup/copy-thread', import.meta.url), { workerData: { source, target } });
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the thread that makes the copy ended with code ${code}`));
    });
  });
}
