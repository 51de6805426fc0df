import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DAY_MS = 86_400_000;
const FILE = /^visitors-(\d{1,7})\.salt$/;

/** Number of the day in UTC. */
export const dayOf = (now: number): number => Math.floor(now / DAY_MS);

const fileOf = (dataDir: string, day: number): string => join(dataDir, `visitors-${day}.salt`);

/**
 * Deletes the salts of other days: from then on nobody can tell what the counts of those days were made of. Called at each
 * change of the day by whoever notices it, and by the monitor.
 */
export function deleteOldSalts(dataDir: string, day: number): void {
  for (const name of readdirSync(dataDir)) {
    const found = FILE.exec(name)?.[1];
    if (found !== undefined && Number(found) !== day) rmSync(join(dataDir, name), { force: true });
  }
}

/** The salt of the day that all workers share: the first one makes it (mode 0600), the others read it. */
function sharedSalt(dataDir: string, day: number): string {
  const file = fileOf(dataDir, day);
  const own = join(dataDir, `.salt-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    writeFileSync(own, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
    // Whole or not there: a link appears at once, and fails where another was faster.
    linkSync(own, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return readFileSync(file, 'utf8');
}

/**
 * The salt of visitors' hashes, one for each day. Where the folder cannot be written (a full disk) the process makes one of its
 * own, and says so: then visitors who come to several workers count several times that day.
 */
export function createDailySalt(dataDir: string, onProblem: (problem: string) => void): (now: number) => string {
  let day = Number.NaN;
  let salt = '';
  return (now) => {
    const today = dayOf(now);
    if (today === day) return salt;
    day = today;
    try {
      salt = sharedSalt(dataDir, today);
      deleteOldSalts(dataDir, today);
    } catch (error) {
      salt = randomBytes(32).toString('hex');
      onProblem(error instanceof Error ? error.message : String(error));
    }
    return salt;
  };
}
