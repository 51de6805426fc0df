import { stormProgram } from '../stress/program.ts';
import { type Entry, entryOf } from './find-entry.ts';

/** Of these options, none starts the app. */
const WITHOUT_APP = ['--target', '--help', '-h'];

/**
 * The stress test on an instance of the app: that of the folder, where none is named. It ends the process with its own exit code.
 * @throws {CommandError} there is no such app
 */
export async function stress(
  named: Entry | undefined,
  words: readonly string[],
  dataDir: string,
  cwd: string,
): Promise<void> {
  const isWithoutApp = words.some((word) => WITHOUT_APP.includes(word.split('=')[0]!));
  const app = named ?? (isWithoutApp ? undefined : entryOf(cwd));
  const at = words.indexOf('--');
  const options = at < 0 ? words : words.slice(0, at);
  const args = at < 0 ? (app?.args ?? []) : words.slice(at + 1);
  const program = stormProgram();
  process.env.TAHAN_DATA_DIR = dataDir;
  process.env.TAHAN_INTERNAL_STRESS_AS = 'tahan stress';
  process.argv.splice(
    2,
    Number.POSITIVE_INFINITY,
    ...options,
    ...(app === undefined ? [] : ['--app', app.file]),
    ...(args.length === 0 ? [] : ['--', ...args]),
  );
  await import(program.href);
}
