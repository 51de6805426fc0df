import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.ts';

/**
 * The environment, with the values of the settings file (TAHAN_ENV_FILE, else `.env` where there is one) where it has none.
 * @throws {ConfigError} the named file cannot be read
 */
export const readEnvironment = (environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv => ({
  ...readFile(environment),
  ...environment,
});

/**
 * Names in the settings file that do not count, as the environment gives another value.
 * @throws {ConfigError} the named file cannot be read
 */
export function overriddenNames(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const file = readFile(environment);
  return Object.keys(file).filter((name) => environment[name] !== undefined && environment[name] !== file[name]);
}

/** @throws {ConfigError} */
function readFile(environment: NodeJS.ProcessEnv): NodeJS.Dict<string> {
  const named = environment.TAHAN_ENV_FILE;
  try {
    return parseEnv(readFileSync(named ?? '.env', 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (named === undefined && code === 'ENOENT') return {};
    throw new ConfigError([
      `TAHAN_ENV_FILE=${JSON.stringify(named ?? '.env')}: cannot be read (${code}); it must be a file of NAME=value lines`,
    ]);
  }
}
