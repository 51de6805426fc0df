import type { CachePolicy } from '../site.ts';
import { declaresShared, directivesOf, fieldText, type Headers } from './directives.ts';
import type { Page } from './page.ts';

/**
 * What may be done with an answer to a render: kept (`store`); given to all who wait for it now (`share`); given to one of
 * them (`once`); or it is for nobody but the visitor who asks the site himself (`private`).
 */
export type Sharing = 'store' | 'share' | 'once' | 'private';

/** Request headers by which pages may vary: the engine negotiates both itself. */
const NEGOTIATED = new Set(['', 'accept-encoding', 'accept-language']);
/**
 * Request headers that tell who asks or with what: by whichever of them an answer varies, it is not one for all. By any other
 * it varies for those alone who send it: a render has none of them, and whoever does goes to the site (RFC 9111 section 4.1).
 */
const OF_EVERY_VISITOR = new Set(['*', 'accept', 'user-agent', 'cookie', 'authorization', 'host', 'x-forwarded-for']);
/** Errors that a cache may keep without being told to (RFC 9110 section 15.1), of those that say that there is no page. */
const MISSING = new Set([404, 410]);
/** Errors that depend on who asks (RFC 9110 sections 15.5.2, 15.5.4 and 15.5.8). */
const OF_WHO_ASKS = new Set([401, 403, 407]);

/** There is no page, says the site: kept for a moment only. */
export const isMissing = (status: number): boolean => MISSING.has(status);

/**
 * RFC 9111 section 3, for a shared cache, stricter: kept are 200, 404 and 410, unencoded, and never what sets a cookie,
 * is marked private or no-store, or varies by what each visitor sends.
 *
 * The status comes first: an error that was rendered from the cache key alone has nothing of a visitor in it, so it is
 * given to all who wait, whatever its headers say, but to those whose own headers it names (`dependsOn`). Else each of
 * them would ask a failing site, or one that does not have the page, once more. `declared`: of the route's policy.
 */
export function sharing(status: number, headers: Headers, declared?: CachePolicy['declared']): Sharing {
  if (status >= 500) return 'share';
  if (declared === 'only' && !declaresShared(headers)) return 'private';
  const given = directivesOf(headers);
  const isOwn =
    headers['set-cookie'] !== undefined ||
    given.has('private') ||
    variesBy(headers).some((name) => OF_EVERY_VISITOR.has(name));
  const isEncoded = !['', 'identity'].includes(fieldText(headers['content-encoding']).toLowerCase());
  if (status >= 400)
    return isMissing(status) && !isOwn && !isEncoded && !given.has('no-store') && !given.has('no-cache')
      ? 'store'
      : 'share';
  if (isOwn) return 'private';
  if (status === 200 && isEncoded) return 'private';
  // It must not be used for another request than the one that it was made for (RFC 9111 section 5.2.2.5).
  if (given.has('no-store')) return 'once';
  return status === 200 && !given.has('no-cache') ? 'store' : 'share';
}

/**
 * Request headers with which the site may answer otherwise than it did to a render, which has none of them; `*`: any.
 * Whoever sends one of them asks the site himself. Accept is not among them: an error in another type than the visitor
 * would like is still the same error.
 */
export function dependsOn(status: number, headers: Headers): readonly string[] {
  if (status >= 500) return [];
  if (status < 400) return variesBy(headers);
  const names = variesBy(headers).filter((name) => name !== 'accept');
  const isOfWhoAsks =
    OF_WHO_ASKS.has(status) || headers['set-cookie'] !== undefined || directivesOf(headers).has('private');
  return isOfWhoAsks ? [...names, 'cookie'] : names;
}

const NONE: readonly string[] = [];
const namesOfPages = new WeakMap<Page, readonly string[]>();

/** Request headers of which none may be in a request that this page answers. */
export function pageDependsOn(page: Page): readonly string[] {
  let names = namesOfPages.get(page);
  if (names === undefined) {
    const vary = page.headers.filter(([name]) => name === 'vary').map(([, value]) => value);
    names = vary.length === 0 ? NONE : dependsOn(page.status, { vary });
    namesOfPages.set(page, names);
  }
  return names;
}

/** What an answer varies by, beside what is in its key. */
const variesBy = (headers: Headers): readonly string[] =>
  fieldText(headers.vary)
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => !NEGOTIATED.has(name));
