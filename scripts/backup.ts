import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { copyDatabase } from '../src/engine/backup/copy.ts';
import { databasePath } from '../src/site/data/open.ts';
import { CommandError, dataFolder, runCommand, type Terminal, UsageError } from './site-data/command.ts';
import { terminal } from './site-data/terminal.ts';

const USAGE = `Usage: npm run backup -- FILE [--force]
Copies the site's database (users, posts, sessions) into FILE, as it is at one moment, and checks the copy. The server may run
and write meanwhile. A FILE that is there is replaced with --force only. npm run restore -- FILE puts it back.`;

/** Runs the command of these arguments. @returns the exit code */
export function backup(args: string[], io: Terminal): Promise<number> {
  return runCommand(USAGE, io, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { force: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) return io.out(USAGE);
    const [file, ...rest] = positionals;
    if (file === undefined || rest.length > 0) throw new UsageError('one FILE is needed');
    const target = resolve(file);
    const source = databasePath(dataFolder(io.env));
    if (!existsSync(source)) throw new CommandError(`${source}: there is no database yet; nothing was copied`);
    if (target === source) throw new CommandError(`${file} is the database itself; name another file`);
    if (!existsSync(dirname(target))) throw new CommandError(`${file}: there is no folder ${dirname(target)}`);
    const there = statSync(target, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) throw new CommandError(`${file} is no file; name one`);
    if (there !== undefined && !values.force)
      throw new CommandError(`${file} is there already; name another file, or replace it with --force`);
    await copyDatabase(source, target, {
      overwrite: values.force,
      onProgress: (done, total) => io.progress(`${Math.floor((100 * done) / Math.max(1, total))} % of ${total} pages`),
    });
    io.out(`${file}: ${statSync(target).size} bytes, checked`);
  });
}

if (import.meta.main) process.exitCode = await backup(process.argv.slice(2), terminal);
