import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.ts';

/**
 * The environment, with the values of the settings file (TAHAN_ENV_FILE, else `.env` where there is one) where it has none.
 * @throws {ConfigError} the named file cannot be read
 */
export function readEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const named = environment.TAHAN_ENV_FILE;
  try {
    return { ...parseEnv(readFileSync(named ?? '.env', 'utf8')), ...environment };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (named === undefined && code === 'ENOENT') return environment;
    throw new ConfigError([
      `TAHAN_ENV_FILE=${JSON.stringify(named ?? '.env')}: cannot be read (${code}); it must be a file of NAME=value lines`,
    ]);
  }
}
