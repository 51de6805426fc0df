import { cacheKey } from '../cache/key.ts';
import type { Route } from '../routes.ts';
import type { Asked } from './asked.ts';
import { negotiate } from './language.ts';

/** The cache key of what is asked for; undefined: not a page that two visitors share. */
export type KeyOf = (
  asked: Pick<Asked, 'host' | 'acceptLanguage'>,
  route: Route,
  path: string,
  query: string,
) => string | undefined;

/** `hosts`: those that have pages of their own. `languages`: of the site; the first is the default. */
export function keysFor(hosts: readonly string[], languages: readonly string[]): KeyOf {
  const own = new Set(hosts.map((host) => host.toLowerCase()));
  const [standard = ''] = languages;
  return ({ host, acceptLanguage }, route, path, query) =>
    cacheKey({
      path,
      query,
      allowed: route.policy.cache?.query ?? [],
      host,
      hosts: own,
      language: languages.length > 1 ? negotiate(acceptLanguage, languages) : standard,
    });
}

/** The keys of the main page: one for each language, on each host that has pages of its own and on every other host. */
export const mainPageKeys = (
  mainPage: string,
  languages: readonly string[],
  hosts: readonly string[],
): readonly string[] =>
  ['', ...new Set(hosts.map((host) => host.toLowerCase()))].flatMap((host) =>
    languages.map((language) => `${language}\n${host}\n${mainPage}`),
  );
