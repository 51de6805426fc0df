import type { Route, Scenario } from './scenario.ts';

/** What visitors of the built-in site ask for: pages for everybody, a search, and a page that costs 5 ms of a core. */
export const STANDARD_MIX: Route[] = [
  { name: 'home', share: 4, path: '/' },
  { name: 'posts', share: 2, path: '/posts' },
  { name: 'search', share: 1, path: '/search?q=tree' },
  { name: 'work', share: 3, path: '/lab/work?ms=5&dist=exp' },
];

/** For a server that is not an instance of its own, and so has no lab. */
export const PUBLIC_MIX: Route[] = [
  { name: 'home', share: 4, path: '/' },
  { name: 'posts', share: 2, path: '/posts' },
  { name: 'search', share: 1, path: '/search?q=tree' },
];

/** What every site has. */
export const MAIN_PAGE: Route[] = [{ name: 'home', share: 1, path: '/' }];

/** Routes that a person names on the command line, each as often. */
export const mixOf = (paths: readonly string[]): Route[] => paths.map((path) => ({ name: path, share: 1, path }));

/**
 * The thresholds of a scenario that can be judged with another mix than the standard one: a page of the standard mix that is not
 * asked for has no numbers, and where each page has a copy for times of need nobody is refused.
 */
export function thresholdsFor({ thresholds, routes, journeys }: Scenario, mix: readonly Route[]): string[] {
  if (routes !== undefined || journeys !== undefined || mix === STANDARD_MIX) return thresholds;
  const missing = STANDARD_MIX.filter(({ name }) => !mix.some((route) => route.name === name));
  return thresholds.filter(
    (text) => !text.includes('refused') && !missing.some(({ name }) => text.includes(`{route:${name}}`)),
  );
}
