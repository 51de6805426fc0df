import { foldPath, mistakesOf, readTemplate, withoutLastSlash } from './route-policy.ts';
import type { RoutePolicy } from './site.ts';

/** A policy ready to match; `index` names it where an object would be slow. */
export interface Route {
  policy: RoutePolicy;
  index: number;
  /** The page cache may keep it. */
  cacheable: boolean;
}

export interface Routes {
  /** The first policy that matches, or the one for unknown paths. `path`: without the query, in origin form, as sent. */
  match: (method: string, path: string) => Route;
  all: readonly Route[];
  unknown: Route;
  /** What a process must know that finds public pages without the site; default: all. */
  published?: readonly Route[];
}

/** Route policies that a site may declare. */
export const MAX_ROUTES = 200;
const NONE: readonly Route[] = [];
/**
 * Paths that are remembered with their routes, and the longest of them, characters. Measured with 30 routes: a
 * remembered path takes some 45 ns, another one 250 to 800 ns.
 */
const MAX_KNOWN = 1_000;
const MAX_KNOWN_LENGTH = 256;

/**
 * Compiles route policies.
 *
 * Paths match as @koa/router and Express match them when nothing else is set: in any case, with one slash more at the
 * end or none; and decoded, as Fastify matches them. A site whose router is stricter answers such a spelling with a
 * 404 of its own. That 404 reaches no other visitor: the cache key holds the path as it was sent (`cache/key.ts`), and
 * so does the request that renders the page. Of two policies that differ only so, the one spelled like the path wins.
 * @throws {TypeError} one line for each mistake in a policy
 */
export function compileRoutes(policies: readonly RoutePolicy[]): Routes {
  if (!Array.isArray(policies)) throw new TypeError('the route policies of a site must be a list');
  if (policies.length > MAX_ROUTES)
    throw new RangeError(`a site may declare ${MAX_ROUTES} route policies, not ${policies.length}`);
  const mistakes = policies.flatMap(mistakesOf);
  if (mistakes.length > 0) throw new TypeError(mistakes.join('\n'));

  const unknown: Route = { policy: { route: 'unknown' }, index: policies.length, cacheable: false };
  const all = policies.map((policy, index): Route => ({ policy, index, cacheable: policy.cache !== undefined }));
  const fixed = new Map<string, Route[]>();
  const templates: { route: Route; pattern: RegExp }[] = [];
  for (const route of all) {
    const { path, pattern } = readTemplate(route.policy.route);
    if (path === undefined) templates.push({ route, pattern });
    else fixed.set(path, [...(fixed.get(path) ?? []), route]);
  }

  /** The routes of a path, whatever the method, in their order. */
  const routesOf = (path: string): readonly Route[] => {
    const folded = foldPath(path);
    if (folded === undefined) return NONE;
    const same = fixed.get(withoutLastSlash(folded)) ?? NONE;
    const found: Route[] = [];
    let next = 0;
    for (const { route, pattern } of templates) {
      while (next < same.length && same[next]!.index < route.index) found.push(same[next++]!);
      if (pattern.test(folded)) found.push(route);
    }
    while (next < same.length) found.push(same[next++]!);
    return found;
  };

  // Paths without parameters are few and asked for most: they are matched here, once.
  const fixedPaths = new Map<string, readonly Route[]>();
  for (const same of fixed.values()) {
    for (const { policy } of same) {
      const isSpelledSo = (route: Route): boolean => route.policy.route === policy.route;
      const spelledFirst = [...same.filter(isSpelledSo), ...same.filter((route) => !isSpelledSo(route))];
      const found = routesOf(policy.route).map((route) => (same.includes(route) ? spelledFirst.shift()! : route));
      fixedPaths.set(policy.route, found);
    }
  }

  const known = new Map<string, readonly Route[]>();
  const remember = (path: string): readonly Route[] => {
    const routes = routesOf(path);
    if (path.length > MAX_KNOWN_LENGTH) return routes;
    if (known.size >= MAX_KNOWN) known.clear();
    // A path is cut out of a request's text, and would keep all of that text in memory: this is a copy.
    known.set(Buffer.from(path).toString(), routes);
    return routes;
  };

  return {
    all,
    unknown,
    match(method, path) {
      const routes = fixedPaths.get(path) ?? known.get(path) ?? remember(path);
      for (const route of routes) {
        const { methods } = route.policy;
        if (methods === undefined || methods.includes(method)) return route;
      }
      return unknown;
    },
  };
}
