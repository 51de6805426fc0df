import { type Config, ConfigError, SETTINGS, type Setting } from '../../config.ts';
import type { Release } from './release.ts';

/** What a server runs with. */
export interface Settings {
  config: Config;
  /** The environment of its processes. */
  env: NodeJS.ProcessEnv;
  /** What runs with them, and where. */
  release: Release;
}

/** What is read at the start and at each reload; where it runs is the primary's to know. */
export interface ReadSettings extends Omit<Settings, 'release'> {
  /** Names in the settings file that do not count, as the environment has another value. */
  overridden: readonly string[];
}

/** A line for each value of the settings file that the environment overrides. */
export const overriddenLines = (names: readonly string[]): string[] =>
  names.map((name) => `${name}: the environment of the server has another value than the settings file, and wins`);

/** The settings of a reload. */
export interface AfterReload extends Settings {
  /** What of them does not take effect, one line each. */
  ignored: readonly string[];
}

/** They are bound to what is open already: a change takes a restart. */
const FIXED = ['port', 'host', 'adminPort', 'adminHost', 'dataDir'] as const;

/**
 * The settings after a reload: the new ones, except for those that only a restart can change.
 * @returns `ignored`: a line for each of these that was to change
 */
export function renewed(before: Settings, read: Settings): AfterReload {
  const config = { ...read.config };
  const env = { ...read.env };
  const ignored: string[] = [];
  for (const key of FIXED) {
    const { env: name } = SETTINGS[key] as Setting;
    if (config[key] !== before.config[key])
      ignored.push(`${name} is now ${JSON.stringify(read.env[name] ?? '')}: that takes effect at the next start`);
    Object.assign(config, { [key]: before.config[key] });
    if (before.env[name] === undefined) delete env[name];
    else env[name] = before.env[name];
  }
  return { ...read, config, env, ignored };
}

/** What is wrong with settings that could not be read, one line each. */
export const mistakes = (error: unknown): readonly string[] =>
  error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
