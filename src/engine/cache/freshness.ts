import type { CachePolicy } from '../site.ts';
import type { Page } from './page.ts';

/** What a page is good for. `lastGood`: only in need (saturated, degraded or failed). */
export type Freshness = 'fresh' | 'revalidate' | 'lastGood' | 'dead';

/** Age of a page, ms. Clocks that go back make no page younger than now. */
export const ageMs = (page: Page, now: number): number => Math.max(0, now - page.renderedAt);

/** RFC 9111 section 4.2 (freshness), RFC 5861 (stale-while-revalidate, stale-if-error). `now` is epoch ms. */
export function freshness(page: Page, now: number): Freshness {
  const age = ageMs(page, now);
  if (!page.purged) {
    if (age < page.ttlMs) return 'fresh';
    if (age < page.ttlMs + page.swrMs) return 'revalidate';
  }
  return age < page.ttlMs + page.sieMs ? 'lastGood' : 'dead';
}

/**
 * Whether this visitor's request begins an early refresh, so that a hot page is new before it is stale and not
 * everybody renders it at once: XFetch, Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede
 * Prevention (VLDB 2015). `random` in [0, 1); a `beta` over 1 refreshes earlier.
 */
export function xfetchDue(page: Page, now: number, random: number, beta = 1): boolean {
  return ageMs(page, now) - page.renderMs * beta * Math.log(Math.max(random, Number.MIN_VALUE)) >= page.ttlMs;
}

/** Share by which the ttl of pages is spread, so that what was rendered together is not stale together. */
const TTL_JITTER = 0.1;

export interface Lifetimes {
  ttlMs: number;
  swrMs: number;
  sieMs: number;
}

/** Header fields of an answer, lower-case names. */
export type Headers = Record<string, string | string[]>;

const text = (value: string | string[] | undefined): string => (Array.isArray(value) ? value.join(',') : (value ?? ''));

/** The directives of Cache-Control; of one that is given twice the first counts (RFC 9111 section 4.2.1). */
function directives(headers: Headers): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of text(headers['cache-control']).split(',')) {
    const [name = '', argument = ''] = part
      .toLowerCase()
      .split('=', 2)
      .map((piece) => piece.trim());
    if (name !== '' && !found.has(name)) found.set(name, argument.replaceAll('"', ''));
  }
  return found;
}

/** Delta-seconds (RFC 9111 section 1.2.2); what cannot be read counts as 0: stale. */
const secondsToMs = (given: string): number => (/^\d{1,10}$/.test(given) ? Number(given) * 1_000 : 0);

/**
 * How long a page may be used. The response wins over the policy: s-maxage, max-age or Expires over the ttl (less
 * the Age that it came with), stale-while-revalidate and stale-if-error over swr and sie. must-revalidate and
 * proxy-revalidate forbid any stale use; s-maxage forbids what neither the response nor the policy allows by itself
 * (RFC 9111 sections 4.2.4 and 5.2.2.10). `random` in [0, 1) spreads the ttl. `receivedAt`: epoch ms, the Date of a
 * response that has none (RFC 9110 section 6.6.1).
 */
export function lifetimes(
  policy: CachePolicy,
  headers: Headers,
  standardSieMs: number,
  random: number,
  receivedAt: number,
): Lifetimes {
  const given = directives(headers);
  if (policy.declared !== undefined && !declaresShared(headers))
    return { ttlMs: 0, swrMs: 0, sieMs: policy.sieMs ?? standardSieMs };
  const ms = (name: string): number | undefined => {
    const value = given.get(name);
    return value === undefined ? undefined : secondsToMs(value);
  };
  const ownTtlMs = ms('s-maxage') ?? ms('max-age') ?? untilExpires(headers, receivedAt);
  const ttlMs = ownTtlMs === undefined ? policy.ttlMs : Math.max(0, ownTtlMs - secondsToMs(text(headers.age)));
  const spread = ttlMs * (1 + TTL_JITTER * (2 * random - 1));
  if (given.has('must-revalidate') || given.has('proxy-revalidate')) return { ttlMs: spread, swrMs: 0, sieMs: 0 };
  const swrMs = ms('stale-while-revalidate') ?? policy.swrMs ?? 0;
  const sieMs = ms('stale-if-error') ?? policy.sieMs ?? (given.has('s-maxage') ? 0 : standardSieMs);
  // What may be served while it is rendered anew may be served as well when that fails.
  return { ttlMs: spread, swrMs, sieMs: Math.max(sieMs, swrMs) };
}

function untilExpires(headers: Headers, receivedAt: number): number | undefined {
  if (headers.expires === undefined) return undefined;
  const date = headers.date === undefined ? receivedAt : Date.parse(text(headers.date));
  const left = Date.parse(text(headers.expires)) - date;
  return Number.isNaN(left) ? 0 : Math.max(0, left);
}

/** What may be done with an answer: kept; given to all who wait for it now; or it is one visitor's alone. */
export type Sharing = 'store' | 'share' | 'private';

/** Request headers by which pages may vary: the engine negotiates both itself. */
const NEGOTIATED = new Set(['', 'accept-encoding', 'accept-language']);

/** An answer says by itself that it is for everybody (RFC 9111 sections 5.2.2.9 and 5.2.2.10). */
export function declaresShared(headers: Headers): boolean {
  const given = directives(headers);
  return given.has('public') || given.has('s-maxage');
}

/**
 * RFC 9111 section 3, for a shared cache, stricter: only 200, only unencoded, and never what sets a cookie, is
 * marked private or no-store, or varies by anything but coding and language. A failure (5xx) is always shared, so
 * that a failing site is not asked again by each visitor. `declared`: of the route's policy.
 */
export function sharing(status: number, headers: Headers, declared?: CachePolicy['declared']): Sharing {
  if (status >= 500) return 'share';
  const given = directives(headers);
  if (declared === 'only' && !declaresShared(headers)) return 'private';
  const varies = text(headers.vary).toLowerCase().split(',');
  if (
    headers['set-cookie'] !== undefined ||
    given.has('private') ||
    !varies.every((name) => NEGOTIATED.has(name.trim()))
  ) {
    return 'private';
  }
  if (status !== 200) return 'share';
  const coding = text(headers['content-encoding']).toLowerCase();
  if (given.has('no-store') || (coding !== '' && coding !== 'identity')) return 'private';
  return given.has('no-cache') ? 'share' : 'store';
}
