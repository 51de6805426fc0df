import { type Path, parse, pathToRegexp } from 'path-to-regexp';
import { z } from 'zod';
import { sentences, shown, wanted, whenNoObject } from './mistakes.ts';
import { PRIORITIES, type RoutePolicy } from './site.ts';

/** The paths of a template, as they are after `foldPath`. */
export interface Template {
  /** The one path of a template without parameters. */
  path?: string;
  pattern: RegExp;
}

/**
 * The form in which paths and templates are compared: decoded once and in lower case. An encoded slash stays encoded, as
 * it does not end a segment. Undefined: the path cannot be decoded.
 */
export function foldPath(path: string): string | undefined {
  if (!path.includes('%')) return path.toLowerCase();
  try {
    return decodeURIComponent(path.replace(/%(?=2f)/gi, '%25')).toLowerCase();
  } catch {
    return undefined;
  }
}

/** A path without the one slash that may end it. */
export const withoutLastSlash = (path: string): string =>
  path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;

/**
 * Reads a template: the syntax of path-to-regexp 8, and a last `*` for the rest of the path, which may be empty.
 * @throws {TypeError} the template cannot be read
 */
export function readTemplate(template: string): Template {
  const source = withoutLastSlash(template.endsWith('/*') ? `${template.slice(0, -1)}{*rest}` : template);
  const encodePath = (text: string): string => {
    const folded = foldPath(text);
    if (folded === undefined) throw new TypeError(`"${text}" cannot be decoded`);
    return folded;
  };
  const data: Path = parse(source, { encodePath });
  const pattern = pathToRegexp(data, { sensitive: true }).regexp;
  const fixed = data.tokens.every(({ type }) => type === 'text');
  return fixed
    ? { path: data.tokens.map((token) => ('value' in token ? token.value : '')).join(''), pattern }
    : { pattern };
}

const isMs = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
const isMethods = (value: unknown): boolean =>
  isTexts(value) && (value as string[]).every((method) => method === method.toUpperCase());
const MS = 'a number of ms, 0 or more';

/** What of a route is wrong, as the end of a sentence; undefined: nothing. */
function routeMistake(route: unknown): string | undefined {
  if (typeof route !== 'string' || !route.startsWith('/')) return ' must start with /';
  try {
    readTemplate(route);
    return undefined;
  } catch (error) {
    // The library ends its sentences with an address for more.
    return `: the template cannot be read: ${(error as Error).message.split('; visit')[0]}`;
  }
}

const cacheSchema = z.strictObject(
  {
    ttlMs: wanted(isMs, MS),
    swrMs: wanted(isMs, MS).optional(),
    sieMs: wanted(isMs, MS).optional(),
    query: wanted(isTexts, 'a list of names').optional(),
    tags: wanted(isTexts, 'a list of tags').optional(),
    declared: wanted((value) => value === 'only' || value === 'kept', 'only or kept').optional(),
  },
  whenNoObject('an object with ttlMs'),
);

/** Each message is what the value must be; that of the route is told by `routeMistake`. */
const policySchema = z.strictObject(
  {
    route: wanted((value) => routeMistake(value) === undefined, ''),
    methods: wanted(isMethods, 'a list of methods in capitals').optional(),
    priority: wanted(
      (value) => typeof value === 'function' || PRIORITIES.includes(value as never),
      `one of ${PRIORITIES.join(', ')}, or a function that gives one`,
    ).optional(),
    cache: cacheSchema.optional(),
    room: wanted(
      (value) => value === false || (typeof value === 'string' && /^[a-z0-9-]{1,32}$/.test(value)),
      'false, or 1 to 32 characters of a-z, 0-9 and dashes',
    ).optional(),
    deadlineMs: wanted(isMs, `${MS} (0: none)`).optional(),
    feature: wanted(
      (value) => typeof value === 'string' && value !== '' && value.length <= 64,
      'the name of a feature',
    ).optional(),
    bodyLimit: wanted(
      (value) => Number.isSafeInteger(value) && (value as number) >= 0,
      'a whole number of bytes, 0 or more',
    ).optional(),
    body: wanted((value) => value === 'buffer' || value === 'stream', '"buffer" or "stream"').optional(),
  },
  whenNoObject('an object'),
);

/** What is wrong with a policy, one sentence for each mistake; the site is written by others, perhaps without types. */
export function mistakesOf(policy: unknown): string[] {
  if (typeof policy !== 'object' || policy === null) return [`a route policy must be an object, not ${shown(policy)}`];
  const { route } = policy as Partial<RoutePolicy>;
  const named = `route policy ${shown(route)}`;
  const wrong = routeMistake(route);
  return [
    ...(wrong === undefined ? [] : [`${named}${wrong}`]),
    ...sentences(policySchema, policy)
      .filter(({ name }) => name !== 'route')
      .map(({ text }) => `${named}: ${text}`),
  ];
}
