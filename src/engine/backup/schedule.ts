import type { Mode } from '../beats.ts';

/** Copies that are kept. */
export const KEPT = 7;
const DAY_MS = 86_400_000;
/** After the start the server has other things to do, ms. */
const AFTER_START_MS = 60_000;
/** So long a copy waits for a quiet moment, ms; then it is made all the same. */
const LONGEST_WAIT_MS = DAY_MS / 2;
/** After a failure it is tried again in so long, ms. */
const RETRY_MS = 3_600_000;

const NAME = /^site-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})Z\.db$/;

/** Name of a copy made at this time (epoch ms): sorted by name they are sorted by time. */
export const backupName = (at: number): string =>
  `site-${new Date(at).toISOString().slice(0, 19).replaceAll(':', '-')}Z.db`;

/** When a copy of this name was made, epoch ms; undefined: it is no copy of ours. */
export function backupTime(name: string): number | undefined {
  const found = NAME.exec(name)?.[1];
  if (found === undefined) return undefined;
  const at = Date.parse(`${found.slice(0, 11)}${found.slice(11).replaceAll('-', ':')}Z`);
  return Number.isNaN(at) ? undefined : at;
}

export interface BackupLook {
  /** Epoch ms. */
  now: number;
  startedAt: number;
  /** When the newest copy was made; undefined: there is none. */
  newest: number | undefined;
  /** When the last try failed; undefined: it did not. */
  failedAt: number | undefined;
  mode: Mode;
}

/** Whether a copy is to be made now: a day after the one before, in a quiet moment where there is one. */
export function isBackupDue({ now, startedAt, newest, failedAt, mode }: BackupLook): boolean {
  if (now - startedAt < AFTER_START_MS) return false;
  if (failedAt !== undefined && now >= failedAt && now - failedAt < RETRY_MS) return false;
  // A clock that was set back must not hold copies up for ever.
  if (newest === undefined || newest > now) return mode === 'calm' || now - startedAt > LONGEST_WAIT_MS;
  const overdueMs = now - newest - DAY_MS;
  return overdueMs >= 0 && (mode === 'calm' || overdueMs > LONGEST_WAIT_MS);
}

/** Names of copies that are too many: all but the newest. What is no copy of ours is left alone. */
export const tooMany = (names: readonly string[]): string[] =>
  names
    .filter((name) => backupTime(name) !== undefined)
    .sort()
    .slice(0, -KEPT);
