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
 * Prevention (VLDB 2015), beta 1. `random` is in (0, 1].
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

type Headers = Record<string, string | string[]>;

const directives = (headers: Headers): Map<string, string> => {
  const found = new Map<string, string>();
  const value = headers['cache-control'];
  for (const part of (Array.isArray(value) ? value.join(',') : (value ?? '')).split(',')) {
    const [name = '', argument = ''] = part.trim().toLowerCase().split('=', 2);
    if (name !== '') found.set(name, argument.replaceAll('"', ''));
  }
  return found;
};

/** How long a page may be used: the response's own max-age or s-maxage wins over the policy's ttl. `random` in [0, 1). */
export function lifetimes(policy: CachePolicy, headers: Headers, standardSieMs: number, random: number): Lifetimes {
  const given = directives(headers);
  const seconds = given.get('s-maxage') ?? given.get('max-age');
  const ownTtlMs = seconds !== undefined && /^\d{1,10}$/.test(seconds) ? Number(seconds) * 1_000 : policy.ttlMs;
  return {
    ttlMs: ownTtlMs * (1 + TTL_JITTER * (2 * random - 1)),
    swrMs: policy.swrMs ?? 0,
    sieMs: Math.max(policy.sieMs ?? standardSieMs, policy.swrMs ?? 0),
  };
}

/** What may be done with an answer: kept; given to all who wait for it now; or it is one visitor's alone. */
export type Sharing = 'store' | 'share' | 'private';

/** RFC 9111 section 3, for a shared cache, stricter: only 200, and never what sets a cookie or varies by anything but coding and language. */
export function sharing(status: number, headers: Headers): Sharing {
  const given = directives(headers);
  const vary = String(headers.vary ?? '').toLowerCase();
  if (headers['set-cookie'] !== undefined || given.has('private') || vary.includes('*') || variesByVisitor(vary)) return 'private';
  if (given.has('no-store') || given.has('no-cache') || status !== 200) return 'share';
  return 'store';
}

const variesByVisitor = (vary: string): boolean => vary.split(',').some((name) => ['cookie', 'authorization'].includes(name.trim()));
