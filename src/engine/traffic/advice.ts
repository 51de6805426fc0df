/** What to change so that the page cache helps more. */
export interface Advice {
  kind: 'cache-route' | 'longer-ttl' | 'split-key';
  route: string;
  /** CPU time that it would save in the range looked at, seconds. */
  savedSeconds: number;
  text: string;
}

/** What must be known of a route to judge how it is cached. */
export interface RouteFacts {
  route: string;
  /** Time for which a page is fresh, ms; 0: not cached. */
  ttlMs: number;
  /** CPU time of one answer of the site, ms; 0: not known. */
  costMs: number;
  requests: number;
  /** Requests without a session that only read. */
  anonymousReads: number;
  /** Answers that the site gave one visitor alone, or rendered anew. */
  uncached: number;
  /** Answers from the cache. */
  cached: number;
  /** Requests that were looked at for `pages` and `keys`. */
  looked: number;
  /** Different pages, and different cache keys. */
  pages: number;
  keys: number;
  renders: number;
  unchangedRenders: number;
}

/** Fewer requests tell nothing. */
const LEAST_REQUESTS = 50;
const LEAST_RENDERS = 10;
/** So many of the requests of a page must be repeats before a copy of it is worth keeping. */
const LEAST_REPEATS = 0.5;
const LEAST_ANONYMOUS = 0.5;
/** So many renders must have given the same page: the page changes less often than it is rendered. */
const UNCHANGED = 0.9;
/** A key that is asked for less often than this on the average is rendered for nobody else. */
const FEW_PER_KEY = 2;
const LEAST_KEYS = 50;
/** Savings below it are not worth a person's time, seconds of CPU time in the range. */
const LEAST_SAVED_SECONDS = 1;
const MAX_ADVICE = 5;
/** A longer time to live than this is no advice: then a purge by tag is the better tool, ms. */
const LONGEST_TTL_MS = 3_600_000;

/** What would save most CPU time, most first, at most five pieces. Routes are judged by what was seen of them, never by their name. */
export function advise(routes: readonly RouteFacts[]): Advice[] {
  return routes
    .flatMap((facts) => [cacheRoute(facts), longerTtl(facts), splitKey(facts)])
    .filter((advice) => advice !== undefined)
    .filter(({ savedSeconds }) => savedSeconds >= LEAST_SAVED_SECONDS)
    .sort((a, b) => b.savedSeconds - a.savedSeconds || (a.route < b.route ? -1 : 1))
    .slice(0, MAX_ADVICE);
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const number = (value: number): string => Math.round(value).toLocaleString('en');
const seconds = (value: number): string => (value >= 100 ? String(Math.round(value)) : value.toFixed(1));
const inWords = (ms: number): string =>
  ms >= 60_000 ? `${Math.round(ms / 60_000)} min` : `${Math.max(1, Math.round(ms / 1_000))} s`;

/** Share of the requests that asked for a page that somebody had asked for before. */
const repeatsOf = ({ looked, pages }: RouteFacts): number => (looked === 0 ? 0 : Math.max(0, 1 - pages / looked));

/** Cost x repeats x anonymous: what a cache would spare of a route that has none. */
function cacheRoute(facts: RouteFacts): Advice | undefined {
  const { route, ttlMs, costMs, requests, anonymousReads, pages } = facts;
  if (ttlMs > 0 || requests < LEAST_REQUESTS) return undefined;
  const anonymous = anonymousReads / requests;
  const repeats = repeatsOf(facts);
  if (repeats < LEAST_REPEATS || anonymous < LEAST_ANONYMOUS) return undefined;
  const savedSeconds = (costMs * anonymousReads * repeats) / 1_000;
  return {
    kind: 'cache-route',
    route,
    savedSeconds,
    text: `Cache ${route}: ${percent(anonymous)} of its ${number(requests)} requests came without a session, and asked for ${Math.round(pages) === 1 ? 'one page' : `${number(pages)} different pages`} only. A copy would have spared ${seconds(savedSeconds)} s of CPU time (${costMs.toFixed(1)} ms each). Give the route a cache policy, if its pages are the same for everybody.`,
  };
}

/** Renders that gave what was there already. */
function longerTtl(facts: RouteFacts): Advice | undefined {
  const { route, ttlMs, costMs, renders, unchangedRenders } = facts;
  if (ttlMs === 0 || renders < LEAST_RENDERS || ttlMs >= LONGEST_TTL_MS) return undefined;
  const unchanged = unchangedRenders / renders;
  if (unchanged < UNCHANGED) return undefined;
  // As many renders as there were changes, at most: with one in so many renders a change, so much longer.
  const longer = Math.min(10, Math.max(2, Math.round(renders / Math.max(1, renders - unchangedRenders))));
  const ttl = Math.min(LONGEST_TTL_MS, ttlMs * longer);
  const savedSeconds = (costMs * renders * (1 - ttlMs / ttl)) / 1_000;
  return {
    kind: 'longer-ttl',
    route,
    savedSeconds,
    text: `Keep ${route} longer: ${percent(unchanged)} of its ${renders} renders gave the page that was there already. A ttl of ${inWords(ttl)} instead of ${inWords(ttlMs)} would have spared ${seconds(savedSeconds)} s of CPU time; purge the page by its tag when it changes.`,
  };
}

/** Copies that nobody else asks for, of pages that many ask for. */
function splitKey(facts: RouteFacts): Advice | undefined {
  const { route, ttlMs, costMs, looked, keys, uncached, cached } = facts;
  if (ttlMs === 0 || keys < LEAST_KEYS || looked < LEAST_REQUESTS || looked / keys >= FEW_PER_KEY) return undefined;
  const total = uncached + cached;
  const misses = total === 0 ? 0 : uncached / total;
  if (misses < 0.5) return undefined;
  const savedSeconds = (costMs * uncached) / 2_000;
  return {
    kind: 'split-key',
    route,
    savedSeconds,
    text: `The key of ${route} splits too much: ${Math.round(keys)} copies for ${looked} requests, and ${percent(misses)} of them found none. Take query parameters that make no other page out of \`cache.query\`; half of the CPU time of these renders, ${seconds(savedSeconds)} s, would be spared if every second one found a copy.`,
  };
}
