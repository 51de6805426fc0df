import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { ConfigError, readConfig } from '../src/config.ts';
import { readEnvironment } from '../src/environment.ts';

/** No answer within it means that nobody answers, ms. */
const WITHIN_MS = 5_000;

/**
 * Asks the server of this machine on its admin port, as the settings say where it is.
 * @throws {ConfigError} the settings are wrong
 * @throws {Error} nobody answers there, in a line
 */
export async function askAdmin<Answer>(path: string): Promise<Answer> {
  const { adminHost: host, adminPort: port } = readConfig(readEnvironment());
  if (port === 0)
    throw new Error('TAHAN_ADMIN_PORT is 0, so the server cannot be found; set it to the port that the server said');
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, timeout: WITHIN_MS, agent: false }, (response) => {
      json(response).then(
        (answer) => resolve(answer as Answer),
        (cause: unknown) =>
          reject(new Error(`what answers on ${host}:${port} is not the admin port of Tahan`, { cause })),
      );
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${WITHIN_MS / 1_000} s`)));
    asked.on('error', (error) =>
      reject(
        new Error(
          `no server on the admin port ${host}:${port} (${error.message}); is it started, with these settings?`,
        ),
      ),
    );
    asked.end();
  });
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
