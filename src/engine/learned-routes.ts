import type { Route, Routes } from './routes.ts';
import type { CachePolicy } from './site.ts';

/** Routes that are learned; what is beyond them is `other`. */
export const MAX_LEARNED = 64;
/** Segments of a path that are told apart; the rest of a deeper one is `*`. */
const MAX_DEPTH = 5;
/** Different words after one beginning, at the root and below it; further ones are one parameter. */
const MAX_ROOT_WORDS = 24;
const MAX_WORDS = 8;
/** A segment that may be a word of the app's, and not a name or a number of its content. */
const WORD = /^[a-z][a-z_.-]{0,31}$/i;

const EVERYTHING = ['*'];
const DECLARED: CachePolicy = { ttlMs: 0, query: EVERYTHING, declared: 'only' };
const MAIN_PAGE: CachePolicy = { ttlMs: 0, query: EVERYTHING, declared: 'kept' };

/** Routes of a site that says nothing of itself. */
export interface LearnedRoutes extends Routes {
  /** The site has answered a path that no route matched: it has a route from now on, while there is room. */
  learn: (path: string) => void;
}

interface Node {
  words: Map<string, Node>;
  /** What stands for every other segment. */
  parameter: Node | undefined;
  rest: Route | undefined;
  route: Route | undefined;
}
const node = (): Node => ({ words: new Map(), parameter: undefined, rest: undefined, route: undefined });

/**
 * Adds to declared routes those that are learned from paths: `/users/17` becomes `/users/:id`. Each is made ahead of
 * time, as what is counted and learned of a route is found by its index. `onLearned`: a route has got its name.
 */
export function learnRoutes(
  declared: Routes,
  mainPage: string,
  onLearned: (route: Route) => void = () => {},
): LearnedRoutes {
  const first = declared.all.length;
  const routeAt = (place: number, route: string, cache: CachePolicy): Route => ({
    policy: { route, cache },
    index: first + place,
    cacheable: true,
  });
  const main = routeAt(0, mainPage, MAIN_PAGE);
  const free = Array.from({ length: MAX_LEARNED }, (_, place) => routeAt(place + 1, 'other', DECLARED));
  const unknown = routeAt(MAX_LEARNED + 1, 'other', DECLARED);
  const root = node();
  const all = [...declared.all, main, ...free];
  let learned = 0;

  /** The place of a path; undefined where `make` is not given and there is none. */
  const find = (path: string, make: boolean): { at: Node; deeper: boolean; template: string } | undefined => {
    let at = root;
    let template = '';
    const segments = path.split('/', MAX_DEPTH + 2).filter((segment) => segment !== '');
    for (const [depth, segment] of segments.entries()) {
      if (depth === MAX_DEPTH) return { at, deeper: true, template: `${template}/*` };
      let next = at.words.get(segment);
      if (next === undefined) {
        const isWord = WORD.test(segment) && at.words.size < (depth === 0 ? MAX_ROOT_WORDS : MAX_WORDS);
        next = at.parameter;
        if (make && isWord) {
          next = node();
          at.words.set(segment, next);
        } else if (make && next === undefined) {
          next = node();
          at.parameter = next;
        }
        template += isWord && make ? `/${segment}` : '/:id';
      } else template += `/${segment}`;
      if (next === undefined) return undefined;
      at = next;
    }
    return { at, deeper: false, template: template || '/' };
  };

  return {
    all,
    unknown,
    // A public page may be anywhere.
    published: [...declared.all, main, { ...unknown, policy: { route: '/*', cache: DECLARED } }],
    match(method, path) {
      const known = declared.match(method, path);
      if (known !== declared.unknown) return known;
      if (path === mainPage) return main;
      const found = find(path, false);
      return (found?.deeper ? found.at.rest : found?.at.route) ?? unknown;
    },
    learn(path) {
      if (learned >= MAX_LEARNED || this.match('GET', path) !== unknown) return;
      const { at, deeper, template } = find(path, true)!;
      const route = free[learned]!;
      learned += 1;
      route.policy.route = template;
      if (deeper) at.rest = route;
      else at.route = route;
      onLearned(route);
    },
  };
}
