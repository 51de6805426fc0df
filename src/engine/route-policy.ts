import { type Path, parse, pathToRegexp } from 'path-to-regexp';
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

/** What is wrong with a policy, one sentence for each mistake; the site is written by others, perhaps without types. */
export function mistakesOf(policy: RoutePolicy): string[] {
  if (typeof policy !== 'object' || policy === null) return [`a route policy must be an object, not ${shown(policy)}`];
  const { route, methods, priority, cache, deadlineMs, bodyLimit, body } = policy as Partial<RoutePolicy>;
  const named = `route policy ${shown(route)}`;
  const found: string[] = [];
  const expect = (good: boolean, name: string, value: unknown, wanted: string): void => {
    if (!good) found.push(`${named}: ${name} must be ${wanted}, not ${shown(value)}`);
  };
  const optional = (value: unknown, good: (value: unknown) => boolean, name: string, wanted: string): void =>
    expect(value === undefined || good(value), name, value, wanted);
  const MS = 'a number of ms, 0 or more';

  if (typeof route !== 'string' || !route.startsWith('/')) found.push(`${named} must start with /`);
  else {
    try {
      readTemplate(route);
    } catch (error) {
      // The library ends its sentences with an address for more.
      found.push(`${named}: the template cannot be read: ${(error as Error).message.split('; visit')[0]}`);
    }
  }
  optional(
    methods,
    (value) => isTexts(value) && (value as string[]).every((method) => method === method.toUpperCase()),
    'methods',
    'a list of methods in capitals',
  );
  optional(
    priority,
    (value) => typeof value === 'function' || PRIORITIES.includes(value as never),
    'priority',
    `one of ${PRIORITIES.join(', ')}, or a function that gives one`,
  );
  if (cache !== undefined && (typeof cache !== 'object' || cache === null))
    expect(false, 'cache', cache, 'an object with ttlMs');
  else if (cache !== undefined) {
    expect(isMs(cache.ttlMs), 'cache.ttlMs', cache.ttlMs, MS);
    optional(cache.swrMs, isMs, 'cache.swrMs', MS);
    optional(cache.sieMs, isMs, 'cache.sieMs', MS);
    optional(cache.query, isTexts, 'cache.query', 'a list of names');
    optional(cache.tags, isTexts, 'cache.tags', 'a list of tags');
  }
  optional(deadlineMs, isMs, 'deadlineMs', `${MS} (0: none)`);
  optional(
    bodyLimit,
    (value) => Number.isSafeInteger(value) && (value as number) >= 0,
    'bodyLimit',
    'a whole number of bytes, 0 or more',
  );
  optional(body, (value) => value === 'buffer' || value === 'stream', 'body', '"buffer" or "stream"');
  return found;
}

const MAX_SHOWN = 80;

/** A value as a person would write it. */
function shown(value: unknown): string {
  const text =
    typeof value === 'string' || (typeof value === 'object' && value !== null) ? JSON.stringify(value) : String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}
