import { type Config, ConfigError, SETTINGS, type Setting } from '../../config.ts';

/** What a server runs with. */
export interface Settings {
  config: Config;
  /** The environment of its processes. */
  env: NodeJS.ProcessEnv;
}

/** They are bound to what is open already: a change takes a restart. */
const FIXED = ['port', 'host', 'adminPort', 'adminHost', 'dataDir'] as const;

/**
 * The settings after a reload: the new ones, except for those that only a restart can change.
 * @returns `kept`: a line for each of these that was to change
 */
export function renewed(before: Settings, read: Settings): { settings: Settings; kept: string[] } {
  const config = { ...read.config };
  const env = { ...read.env };
  const kept: string[] = [];
  for (const key of FIXED) {
    const { env: name } = SETTINGS[key] as Setting;
    if (config[key] !== before.config[key])
      kept.push(`${name} is now ${JSON.stringify(read.env[name] ?? '')}: that takes effect at the next start`);
    Object.assign(config, { [key]: before.config[key] });
    if (before.env[name] === undefined) delete env[name];
    else env[name] = before.env[name];
  }
  return { settings: { config, env }, kept };
}

/** What is wrong with settings that could not be read, one line each. */
export const mistakes = (error: unknown): readonly string[] =>
  error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
