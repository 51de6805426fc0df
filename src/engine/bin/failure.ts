import { ConfigError } from '../../config.ts';
import { SiteMistakesError } from '../mistakes.ts';

/** sysexits.h: wrong usage, wrong configuration. */
export const EXIT_USAGE = 64;
const EXIT_CONFIG = 78;
/** Their message is the line to show; of others the stack is needed, too. */
const KNOWN = ['PORT_UNAVAILABLE', 'DATA_FOLDER', 'SITE_START', 'APP_CONFIG', 'COMMAND'];

/** Writes a line for the person who started this, and sets the exit code. */
export function stop(code: number, line: string): void {
  process.stderr.write(`tahan: ${line}\n`);
  process.exitCode = code;
}

/** Ends the process because of an error of its start, with the lines that say what to do. */
export function failStart(error: unknown): void {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) stop(EXIT_CONFIG, problem);
    return;
  }
  if (error instanceof SiteMistakesError) {
    for (const problem of error.problems) stop(EXIT_CONFIG, problem);
    // What the site has opened must not hold this process.
    process.exit();
  }
  const { exitCode = 1 } = error as { exitCode?: number };
  const known = KNOWN.includes((error as { code?: string }).code ?? '');
  stop(
    exitCode,
    known ? (error as Error).message : error instanceof Error ? (error.stack ?? error.message) : String(error),
  );
  process.exit();
}
