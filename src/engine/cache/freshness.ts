import type { CachePolicy } from '../site.ts';
import { directivesOf, fieldText, type Headers } from './directives.ts';
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
  const given = directivesOf(headers);
  const ms = (name: string): number | undefined => {
    const value = given.get(name);
    return value === undefined ? undefined : secondsToMs(value);
  };
  const ownTtlMs = ms('s-maxage') ?? ms('max-age') ?? untilExpires(headers, receivedAt);
  const ttlMs = ownTtlMs === undefined ? policy.ttlMs : Math.max(0, ownTtlMs - secondsToMs(fieldText(headers.age)));
  const spread = ttlMs * (1 + TTL_JITTER * (2 * random - 1));
  if (given.has('must-revalidate') || given.has('proxy-revalidate')) return { ttlMs: spread, swrMs: 0, sieMs: 0 };
  const swrMs = ms('stale-while-revalidate') ?? policy.swrMs ?? 0;
  const sieMs = ms('stale-if-error') ?? policy.sieMs ?? (given.has('s-maxage') ? 0 : standardSieMs);
  // What may be served while it is rendered anew may be served as well when that fails.
  return { ttlMs: spread, swrMs, sieMs: Math.max(sieMs, swrMs) };
}

/** A 404 is kept so long at most, ms: long enough for a surge, short enough for a site that does not purge. */
const MISSING_MS = 1_000;

/** How long the answer that there is no page may be used: a moment, less where it says so, and never when it is stale. */
export function momentOf(headers: Headers, receivedAt: number): Lifetimes {
  const { ttlMs } = lifetimes({ ttlMs: MISSING_MS }, headers, 0, 0.5, receivedAt);
  return { ttlMs: Math.min(MISSING_MS, ttlMs), swrMs: 0, sieMs: 0 };
}

function untilExpires(headers: Headers, receivedAt: number): number | undefined {
  if (headers.expires === undefined) return undefined;
  const date = headers.date === undefined ? receivedAt : Date.parse(fieldText(headers.date));
  const left = Date.parse(fieldText(headers.expires)) - date;
  return Number.isNaN(left) ? 0 : Math.max(0, left);
}
