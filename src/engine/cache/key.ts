/** Longest key that is cached; a longer one is not a page that two visitors share. */
const MAX_KEY = 1_024;
const SEPARATOR = '\n';

export interface KeyInput {
  /** Path of the target in origin form, as sent. */
  path: string;
  /** Query without `?`. */
  query: string;
  /** Query parameters that make another page; `*`: all but those of campaigns. */
  allowed: readonly string[];
  /** Host header, as sent. */
  host: string | undefined;
  /** Hosts that have pages of their own, lower case. */
  hosts: ReadonlySet<string>;
  language: string;
}

/** A path without percent-encoding: RFC 3986 section 3.3. */
const PLAIN_PATH = /^\/[\w.~!$&'()*+,;=:@/-]*$/;
/**
 * A path in which only those octets are percent-encoded that need it (RFC 3986 section 6.2.2.2); never a control, a
 * slash, a dot or a backslash. The digits may be of either case, as both are in the links of real pages.
 */
const NORMAL_PATH =
  /^\/(?:[\w.~!$&'()*+,;=:@/-]|%(?:2[0-9A-Ca-c]|3[A-Fa-f]|40|5[BDEbde]|60|7[B-Db-d]|[89A-Fa-f][0-9A-Fa-f]))*$/;
const DOT_SEGMENT = /\/\.\.?(?:\/|$)/;

/**
 * The cache key of a page: language, host, path and sorted query; GET and HEAD share it. Undefined: not cacheable.
 * Only what is in the key reaches the render, so nothing else can change what others get.
 *
 * The path is in the key, and in the request that renders the page, as it was sent: `/posts`, `/posts/` and `/Posts` have
 * one policy (`routes.ts`), but a page each. A lax site renders the same page for all of them. A strict one answers 404
 * to some, and that 404 reaches nobody who asked for another spelling.
 *
 * A path with needless encoding (`/%61`, `/a%2Fb`) or without normal segments (`//a`, `/a/../b`) is not cacheable: no
 * link of a real page has it, and it would let one visitor fill the cache with spellings of one page.
 */
export function cacheKey({ path, query, allowed, host, hosts, language }: KeyInput): string | undefined {
  if (path.length > MAX_KEY || !(PLAIN_PATH.test(path) || NORMAL_PATH.test(path))) return undefined;
  if (path.includes('//') || (path.includes('/.') && DOT_SEGMENT.test(path))) return undefined;
  const known = hosts.size === 0 || host === undefined ? '' : knownHost(host, hosts);
  const kept = query === '' || allowed.length === 0 ? '' : keptQuery(query, allowed);
  if (kept === undefined) return undefined;
  const key = `${language}${SEPARATOR}${known}${SEPARATOR}${path}${kept === '' ? '' : `?${kept}`}`;
  return key.length > MAX_KEY ? undefined : key;
}

/** The host as allow-listed, with its port or without; empty for any other. */
function knownHost(host: string, hosts: ReadonlySet<string>): string {
  const lower = host.toLowerCase();
  if (hosts.has(lower)) return lower;
  const bare = lower.replace(/\.?(?::\d*)?$/, '');
  return hosts.has(bare) ? bare : '';
}

/** In a list of allowed parameters: all of them. */
const ALL = '*';
/** Parameters by which campaigns are counted: they are in links, and make no other page. */
const CAMPAIGN = /^(?:utm_[a-z]+|fbclid|gclid|gbraid|wbraid|msclkid|mc_[ce]id)(?:=|$)/;
/** What a target may hold (RFC 3986 section 3.4), and nothing that could end a key. */
const QUERY = /^[!$-;=?-_a-z~|{}]*$/;

/** The part of a query that makes the page; undefined: it cannot be in a key. */
function keptQuery(query: string, allowed: readonly string[]): string | undefined {
  if (!allowed.includes(ALL)) return sortedQuery(query, allowed);
  if (!QUERY.test(query)) return undefined;
  // In the order in which they came: to an app that is not known it may matter.
  return query
    .split('&')
    .filter((part) => !CAMPAIGN.test(part))
    .join('&');
}

/** A query whose text is its meaning: nothing is encoded in it. */
const PLAIN_QUERY = /^[\w.~&=-]*$/;
const sortedNames = new WeakMap<readonly string[], readonly string[]>();

/** The allowed parameters in alphabetical order, the first value of each, re-encoded; empty values are left out. */
function sortedQuery(query: string, allowed: readonly string[]): string {
  let names = sortedNames.get(allowed);
  if (names === undefined) {
    names = [...new Set(allowed)].sort();
    sortedNames.set(allowed, names);
  }
  const given = PLAIN_QUERY.test(query) ? undefined : new URLSearchParams(query);
  let kept = '';
  for (const name of names) {
    const value = given === undefined ? plainValue(query, name) : given.get(name);
    if (value !== null && value !== '') kept += `${kept === '' ? '' : '&'}${encode(name)}=${encode(value)}`;
  }
  return kept;
}

/** The first value of a parameter in a plain query; empty where there is none. */
function plainValue(query: string, name: string): string {
  for (let at = query.indexOf(name); at !== -1; at = query.indexOf(name, at + 1)) {
    const end = at + name.length;
    if ((at > 0 && query[at - 1] !== '&') || (end < query.length && query[end] !== '=' && query[end] !== '&')) continue;
    const next = query.indexOf('&', end);
    return query.slice(end + 1, next === -1 ? query.length : next);
  }
  return '';
}

/** As `encodeURIComponent`, but never throws: half a surrogate pair becomes U+FFFD. */
const encode = (text: string): string => (/^[\w.~-]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed()));

/** The request that renders the page of a key. */
export function renderTarget(key: string): { language: string; host: string; url: string } {
  const [language = '', host = '', url = '/'] = key.split(SEPARATOR);
  return { language, host, url };
}

/** The path of a key's page, as it was sent. */
export const pathOf = (key: string): string => renderTarget(key).url.split('?', 1)[0]!;
