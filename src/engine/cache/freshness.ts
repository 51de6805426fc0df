import type { CachePolicy } from '../site.ts';
import { declaresShared, directivesOf, fieldText, type Headers, targetedAt } from './directives.ts';
import { parseHttpDate } from './http-date.ts';
import type { Page } from './page.ts';

/** What a page is good for. `lastGood`: only in need (saturated, degraded or failed). */
export type Freshness = 'fresh' | 'revalidate' | 'lastGood' | 'dead';

/** Age of a page, ms, with the one that it came with. Clocks that go back make no page younger than it was then. */
export const ageMs = (page: Page, now: number): number => Math.max(0, now - page.renderStartedAt) + page.upstreamAgeMs;

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

/** What is larger counts as this (RFC 9111 section 1.2.2). */
const MAX_SECONDS = 2 ** 31;

/** Delta-seconds in ms; undefined: it cannot be read. */
const secondsToMs = (given: string): number | undefined =>
  /^\d+$/.test(given) ? Math.min(MAX_SECONDS, Number(given)) * 1_000 : undefined;

/**
 * The age with which an answer came, ms; undefined: it cannot be read. Of a list the first member counts (RFC 9111
 * section 5.1).
 */
const ageOf = (headers: Headers): number | undefined =>
  headers.age === undefined ? 0 : secondsToMs(fieldText(headers.age).split(',', 1)[0]!.trim());

/** As `ageOf`, 0 for one that cannot be read: such an answer is stale whatever its age. */
export const upstreamAgeMs = (headers: Headers): number => ageOf(headers) ?? 0;

/**
 * How long a page may be used, counted from when it was made, which may be before it came (`upstreamAgeMs`). The response
 * wins over the policy: s-maxage, max-age or Expires over the ttl, stale-while-revalidate and stale-if-error over swr and
 * sie; the policy's ttl counts from when it came. What cannot be read is stale; for Age this is stricter than RFC 9111
 * section 5.1. must-revalidate and proxy-revalidate forbid any stale use; s-maxage forbids what neither the response nor
 * the policy allows by itself (RFC 9111 sections 4.2.4 and 5.2.2.10).
 *
 * `random` in [0, 1) spreads the ttl: the policy's to either side, the response's downward only. `receivedAt`: epoch ms,
 * the Date of a response that has none (RFC 9110 section 6.6.1).
 */
export function lifetimes(
  policy: CachePolicy,
  headers: Headers,
  standardSieMs: number,
  random: number,
  receivedAt: number,
): Lifetimes {
  const given = directivesOf(headers);
  if (policy.declared !== undefined && !declaresShared(headers))
    return { ttlMs: 0, swrMs: 0, sieMs: policy.sieMs ?? standardSieMs };
  const ms = (name: string): number | undefined => {
    const value = given.get(name);
    return value === undefined ? undefined : (secondsToMs(value) ?? 0);
  };
  const ownTtlMs = ms('s-maxage') ?? ms('max-age') ?? untilExpires(headers, receivedAt);
  const ageMs = ageOf(headers);
  let ttlMs = 0;
  if (ageMs !== undefined)
    ttlMs =
      ownTtlMs === undefined
        ? policy.ttlMs * (1 + TTL_JITTER * (2 * random - 1)) + ageMs
        : ownTtlMs * (1 - TTL_JITTER * random);
  if (given.has('must-revalidate') || given.has('proxy-revalidate')) return { ttlMs, swrMs: 0, sieMs: 0 };
  const swrMs = ms('stale-while-revalidate') ?? policy.swrMs ?? 0;
  const sieMs = ms('stale-if-error') ?? policy.sieMs ?? (given.has('s-maxage') ? 0 : standardSieMs);
  // For the rest of the time that the page is good for, it is kept for times of need.
  if (keepsItself(headers)) return { ttlMs: Math.min(ttlMs, KEPT_ITSELF_MS), swrMs: 0, sieMs: Math.max(ttlMs, sieMs) };
  // What may be served while it is rendered anew may be served as well when that fails.
  return { ttlMs, swrMs, sieMs: Math.max(sieMs, swrMs) };
}

/**
 * A page that the site has in a cache of its own is fresh here for so long, ms: it costs the site next to nothing, and only the
 * site knows when it was made anew.
 */
const KEPT_ITSELF_MS = 1_000;

/** Next.js says `s-maxage=31536000` of a page that `revalidatePath` may change at any time (x-nextjs-cache: HIT, STALE, MISS). */
const keepsItself = (headers: Headers): boolean => headers['x-nextjs-cache'] !== undefined;

/** A 404 is kept so long at most, ms: long enough for a surge, short enough for a site that does not purge. */
const MISSING_MS = 1_000;

/** How long the answer that there is no page may be used: a moment, less where it says so, and never when it is stale. */
export function momentOf(headers: Headers, receivedAt: number): Lifetimes {
  const { ttlMs } = lifetimes({ ttlMs: MISSING_MS }, headers, 0, 0.5, receivedAt);
  return { ttlMs: Math.min(MISSING_MS + upstreamAgeMs(headers), ttlMs), swrMs: 0, sieMs: 0 };
}

function untilExpires(headers: Headers, receivedAt: number): number | undefined {
  if (headers.expires === undefined || targetedAt(headers) !== undefined) return undefined;
  const date = headers.date === undefined ? receivedAt : parseHttpDate(fieldText(headers.date));
  const left = parseHttpDate(fieldText(headers.expires)) - date;
  return Number.isNaN(left) ? 0 : Math.max(0, left);
}
