import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.ts';

export interface Environment {
  /** The environment, with the values of the settings file where it has none. */
  env: NodeJS.ProcessEnv;
  /** Names in the settings file that do not count, as the environment gives another value. */
  overridden: readonly string[];
}

/**
 * Reads the settings file (TAHAN_ENV_FILE, else `.env` where there is one) under the environment.
 * @throws {ConfigError} the named file cannot be read
 */
export function readEnvironment(environment: NodeJS.ProcessEnv = process.env): Environment {
  const file = readFile(environment);
  return {
    env: { ...file, ...environment },
    overridden: Object.keys(file).filter((name) => environment[name] !== undefined && environment[name] !== file[name]),
  };
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
