import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readConfig } from '../../config.ts';
import { readEnvironment } from '../../environment.ts';
import { readAppConfig } from '../app-config.ts';
import type { ReadSettings } from '../primary/settings.ts';
import { projectOf } from './find-entry.ts';

/**
 * What an app that knows nothing of Tahan finds as under plain node: time and bodies as large as node:http takes them.
 * A site of Tahan's own kind has stricter ones.
 */
export const FOR_APPS = {
  NODE_ENV: 'production',
  LOG_LEVEL: 'warn',
  // As long as Heroku's router lets a request take.
  TAHAN_DEADLINE_MS: '30000',
  TAHAN_BODY_LIMIT: '104857600',
  TAHAN_REQUEST_TIMEOUT_MS: '300000',
};

const CONFIG_FILES = ['ts', 'mts', 'js', 'mjs', 'json'].map((extension) => `tahan.config.${extension}`);

/** Path of the `tahan.config` of a project; empty: it has none. */
export function appConfigPath(project: string): string {
  const name = CONFIG_FILES.find((file) => existsSync(join(project, file)));
  return name === undefined ? '' : join(project, name);
}

/** The folder of a server's files where nobody says another one. */
export const standardDataDir = (project: string): string => join(project, '.tahan');

/**
 * What reads the settings of an app: the environment wins over `.env`, that over the `settings` of `tahan.config`, those
 * over what `tahan` sets by itself. At a reload `.env` is read again; `settings` are those of the start.
 * @throws {AppConfigError} `tahan.config` cannot be used
 */
export async function settingsFor(file: string): Promise<() => ReadSettings> {
  const project = projectOf(dirname(file));
  const configPath = appConfigPath(project);
  const { settings = {} } = await readAppConfig(configPath);
  const standard: NodeJS.ProcessEnv = { ...FOR_APPS, TAHAN_DATA_DIR: standardDataDir(project) };
  for (const [name, value] of Object.entries(settings)) standard[name] = String(value);
  return () => {
    const { env: given, overridden } = readEnvironment();
    const env = { ...standard, ...given };
    const config = readConfig(env);
    return {
      config,
      env: { ...env, TAHAN_DATA_DIR: config.dataDir, TAHAN_INTERNAL_ENTRY: file, TAHAN_INTERNAL_CONFIG: configPath },
      overridden,
    };
  };
}
