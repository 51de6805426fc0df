import { pathToFileURL } from 'node:url';
import type { RoutePolicy, Site } from './site.ts';

/** What `tahan.config.ts` (`.js`, `.mjs`, `.json`) may say of an app whose own code says nothing to Tahan. */
export interface AppConfig {
  /** Settings by the names they have in the environment, such as `{ PORT: 8080, TAHAN_WORKERS_MAX: 2 }`; the environment wins. */
  settings?: Readonly<Record<string, string | number | boolean>>;
  /** Policies of the app's routes, as in a site of one's own. The first match wins; what none matches is learned. */
  routes?: readonly RoutePolicy[];
  /** The page that must always answer. Default `/`. */
  mainPage?: string;
  /** Languages of the pages, the first is the default. Default: one. */
  languages?: readonly string[];
  /** Whether a request carries a session, by its cookie alone; members come before the rest. Default: never. */
  isMember?: NonNullable<Site['isMember']>;
  /** Names of the cookies that tell visitors apart, for answers that are kept for idempotency keys. Default: all but those of statistics. */
  sessionCookies?: readonly string[];
}

/** The file cannot be used; the message says which and why. */
export class AppConfigError extends Error {
  readonly code = 'APP_CONFIG';
  override readonly name = 'AppConfigError';
}

/** For types and completion in an editor. */
export const defineConfig = (config: AppConfig): AppConfig => config;

/** What is wrong with a value of each key; undefined: nothing. What a policy says is checked with the routes. */
const KEYS: Record<keyof AppConfig, (value: unknown) => string | undefined> = {
  settings: (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? undefined
      : 'must be an object of settings, such as { PORT: 8080 }',
  routes: (value) => (Array.isArray(value) ? undefined : 'must be a list of route policies'),
  mainPage: (value) =>
    typeof value === 'string' && value.startsWith('/') ? undefined : 'must be a path that starts with /',
  languages: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' && one !== '')
      ? undefined
      : 'must be a list of languages, such as ["en"]',
  isMember: (value) => (typeof value === 'function' ? undefined : 'must be a function'),
  sessionCookies: (value) =>
    Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '')
      ? undefined
      : 'must be a list of names of cookies, such as ["connect.sid"]',
};

/**
 * Reads the file at a path; an empty path: there is none.
 * @throws {AppConfigError} one line for each mistake
 */
export async function readAppConfig(path: string): Promise<AppConfig> {
  if (path === '') return {};
  const { href } = pathToFileURL(path);
  let found: unknown;
  try {
    const module = (await (path.endsWith('.json') ? import(href, { with: { type: 'json' } }) : import(href))) as {
      default?: unknown;
    };
    found = module.default;
  } catch (error) {
    throw new AppConfigError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  if (typeof found !== 'object' || found === null) {
    throw new AppConfigError(`${path}: its default export must be an object, such as defineConfig({ routes: [] })`);
  }
  const problems = Object.entries(found).flatMap(([key, value]) => {
    const check = KEYS[key as keyof AppConfig];
    const problem =
      check === undefined
        ? `is not known; there are ${Object.keys(KEYS).join(', ')}`
        : value === undefined
          ? undefined
          : check(value);
    return problem === undefined ? [] : [`${path}: ${key} ${problem}`];
  });
  if (problems.length > 0) throw new AppConfigError(problems.join('\n'));
  return found as AppConfig;
}
