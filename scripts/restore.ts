import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { checkDatabase } from '../src/engine/backup/copy.ts';
import { BEFORE_RESTORE, swapDatabase } from '../src/engine/backup/swap.ts';
import { claimDataFolder } from '../src/engine/primary/data-folder.ts';
import { readMigrations } from '../src/site/data/migrate.ts';
import { databasePath } from '../src/site/data/open.ts';
import { CommandError, dataFolder, runCommand, type Terminal, UsageError } from './site-data/command.ts';
import { terminal } from './site-data/terminal.ts';

const USAGE = `Usage: npm run restore -- FILE
Puts the backup FILE in the place of the site's database. The server of the data folder must not run. FILE is checked first; the
database of before stays as site.db${BEFORE_RESTORE}. The kept pages are removed, as they show what was there before.`;

/** Tables without which it is no database of this site. */
const TABLES = ['users', 'sessions', 'posts'];

/** @throws {CommandError} the file is no backup that this version can use */
function checkBackup(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new CommandError(`${file}: there is no such file`);
  const problem = checkDatabase(file);
  if (problem !== undefined) throw new CommandError(`${file} is damaged: ${problem}; nothing was changed`);
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const names = new Set(db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all());
    const missing = TABLES.filter((table) => !names.has(table));
    if (missing.length > 0)
      throw new CommandError(`${file} is no backup of this site: it has no ${missing.join(', ')}; nothing was changed`);
    const version = db.pragma('user_version', { simple: true }) as number;
    const known = readMigrations().length;
    if (version > known)
      throw new CommandError(
        `${file} has version ${version}, this Tahan knows up to ${known}: use the newer Tahan; nothing was changed`,
      );
  } finally {
    db.close();
  }
}

/** Runs the command of these arguments. @returns the exit code */
export function restore(args: string[], io: Terminal): Promise<number> {
  return runCommand(USAGE, io, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) return io.out(USAGE);
    const [file, ...rest] = positionals;
    if (file === undefined || rest.length > 0) throw new UsageError('one FILE is needed');
    const source = resolve(file);
    const dataDir = dataFolder(io.env);
    const target = databasePath(dataDir);
    if (source === target) throw new CommandError(`${file} is the database itself; name a backup of it`);
    checkBackup(source);
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // As a server does: so none runs, and none starts meanwhile.
    const release = claimDataFolder(dataDir);
    try {
      const had = existsSync(target);
      await swapDatabase(source, target);
      for (const rest of ['', '-wal', '-shm']) rmSync(join(dataDir, `pages.db${rest}`), { force: true });
      io.out(`${target} is that of ${file} now${had ? `; the one of before is ${target}${BEFORE_RESTORE}` : ''}`);
      io.out('Start the server: it brings the database to its version, and renders its pages anew.');
    } finally {
      release();
    }
  });
}

if (import.meta.main) process.exitCode = await restore(process.argv.slice(2), terminal);
