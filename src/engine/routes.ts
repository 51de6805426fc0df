import type { RoutePolicy } from './site.ts';

/** A policy ready to match; `index` names it where an object would be slow. */
export interface Route {
  policy: RoutePolicy;
  index: number;
  /** The page cache may keep it. */
  cacheable: boolean;
}

export interface Routes {
  /** The first policy that matches, or the one for unknown paths. */
  match: (method: string, path: string) => Route;
  all: readonly Route[];
  unknown: Route;
}

const MAX_ROUTES = 200;

/** Compiles route policies. Static paths are found in a map; of the templates those before the one found are tried. */
export function compileRoutes(policies: readonly RoutePolicy[]): Routes {
  if (policies.length > MAX_ROUTES)
    throw new RangeError(`a site may declare ${MAX_ROUTES} route policies, not ${policies.length}`);
  const unknown: Route = { policy: { route: 'unknown' }, index: policies.length, cacheable: false };
  const all = policies.map((policy, index): Route => {
    if (!policy.route.startsWith('/')) throw new TypeError(`route policy "${policy.route}" must start with /`);
    return { policy, index, cacheable: policy.cache !== undefined };
  });
  const exact = new Map<string, Route[]>();
  const templates: { route: Route; pattern: RegExp }[] = [];
  for (const route of all) {
    const template = route.policy.route;
    if (!/[:*]/.test(template)) exact.set(template, [...(exact.get(template) ?? []), route]);
    else templates.push({ route, pattern: toPattern(template) });
  }
  const allows = (route: Route, method: string): boolean =>
    route.policy.methods === undefined || route.policy.methods.includes(method);
  return {
    all,
    unknown,
    match(method, path) {
      const found = exact.get(path)?.find((route) => allows(route, method)) ?? unknown;
      for (const { route, pattern } of templates) {
        if (route.index > found.index) break;
        if (allows(route, method) && pattern.test(path)) return route;
      }
      return found;
    },
  };
}

function toPattern(template: string): RegExp {
  const source = template
    .split('/')
    .map((part) => {
      if (part === '*') return '.*';
      return part
        .split(/(:[A-Za-z]\w*)/)
        .map((piece) => (piece.startsWith(':') ? '[^/]+' : piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
        .join('');
    })
    .join('/');
  return new RegExp(`^${source}$`);
}
