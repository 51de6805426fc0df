/** Longest key that is cached; a longer one is not a page that two visitors share. */
const MAX_KEY = 1_024;
const SEPARATOR = '\n';

export interface KeyInput {
  /** Path as routed, starting with `/`. */
  path: string;
  /** Query without `?`. */
  query: string;
  /** Query parameters that make another page. */
  allowed: readonly string[];
  /** Host header, as sent. */
  host: string | undefined;
  /** Hosts that have pages of their own. */
  hosts: ReadonlySet<string>;
  language: string;
}

/** What a path may hold to be a key: visible ASCII without characters that a URL must encode. */
const PLAIN_PATH = /^\/[\x21\x24-\x3b\x3d\x40-\x5b\x5d\x5f\x61-\x7a\x7e]*$/;

/**
 * The cache key of a page: language, host, path and sorted query; GET and HEAD share it. Undefined: not cacheable.
 * Only what is in the key reaches the render, so nothing else can change what others get.
 */
export function cacheKey({ path, query, allowed, host, hosts, language }: KeyInput): string | undefined {
  if (path.startsWith('//') || !PLAIN_PATH.test(path)) return undefined;
  const known = hosts.size > 0 && host !== undefined && hosts.has(host.toLowerCase()) ? host.toLowerCase() : '';
  const kept = query === '' || allowed.length === 0 ? '' : sortedQuery(query, allowed);
  const key = `${language}${SEPARATOR}${known}${SEPARATOR}${path}${kept === '' ? '' : `?${kept}`}`;
  return key.length > MAX_KEY ? undefined : key;
}

/** The allowed parameters in alphabetical order, the first value of each, re-encoded; empty values are left out. */
function sortedQuery(query: string, allowed: readonly string[]): string {
  const given = new URLSearchParams(query);
  const kept = new URLSearchParams();
  for (const name of [...allowed].sort()) {
    const value = given.get(name);
    if (value !== null && value !== '') kept.append(name, value);
  }
  return kept.toString();
}

/** The request that renders the page of a key. */
export function renderTarget(key: string): { language: string; host: string; url: string } {
  const [language = '', host = '', url = '/'] = key.split(SEPARATOR);
  return { language, host, url };
}
