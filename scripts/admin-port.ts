import { ConfigError, readConfig } from '../src/config.ts';
import type { AdminPort } from '../src/engine/bin/control.ts';
import { readEnvironment } from '../src/environment.ts';

/**
 * The admin port of the server of this machine, as the settings say where it is.
 * @throws {ConfigError} the settings are wrong
 * @throws {Error} they do not say which port
 */
export function adminPort(): AdminPort {
  const { adminHost: host, adminPort: port } = readConfig(readEnvironment().env);
  if (port === 0)
    throw new Error('TAHAN_ADMIN_PORT is 0, so the server cannot be found; set it to the port that the server said');
  return { host, port };
}

/** Says what went wrong, and sets the exit code: 78 for wrong settings, 1 for anything else. */
export function fail(command: string, error: unknown): void {
  if (error instanceof ConfigError)
    console.error(`${command}: nothing was done, the settings are wrong:\n  ${error.problems.join('\n  ')}`);
  else console.error(`${command}: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof ConfigError ? 78 : 1;
}

/**
 * Whether a command without arguments may go on: it prints its usage for `--help`, and refuses any other argument with
 * exit code 2.
 */
export function takesNothing(command: string, usage: string, args: readonly string[]): boolean {
  const [first] = args;
  if (first === undefined) return true;
  if (first === '--help' || first === '-h') console.log(usage);
  else {
    console.error(`${command}: unknown argument ${first}\n${usage}`);
    process.exitCode = 2;
  }
  return false;
}
