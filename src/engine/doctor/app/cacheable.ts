import { declaresShared, directivesOf, fieldText, type Headers } from '../../cache/directives.ts';
import { lifetimes } from '../../cache/freshness.ts';
import { sharing } from '../../cache/sharing.ts';

/** What one GET was answered with. */
export interface PageAnswer {
  status: number;
  headers: Headers;
  body: Buffer;
}

/** `cached`: the app or `tahan.config` says so already; `could`: nothing speaks against it; `no`: it cannot be; `fails`: no good answer. */
export interface CacheVerdict {
  is: 'cached' | 'could' | 'no' | 'fails';
  why: string;
}

/** Whether a page could be cached, by two answers to the same request without a cookie. `now`: epoch ms. */
export function cacheVerdict(first: PageAnswer, second: PageAnswer, now: number): CacheVerdict {
  const { status, headers } = first;
  if (status >= 500 || second.status >= 500)
    return { is: 'fails', why: `it answers ${Math.max(status, second.status)}` };
  if (status !== 200)
    return { is: 'no', why: status < 400 ? `it answers ${status}, which is not kept` : `it answers ${status}` };
  if ([first, second].some((one) => fieldText(one.headers['cache-status']).includes('last-good')))
    return { is: 'no', why: 'it was not judged: this machine was too busy, and a last good copy came' };
  const says = fieldText(headers['cdn-cache-control'] ?? headers['cache-control']);
  if (/\b(?:hit|stored)\b/.test(fieldText(second.headers['cache-status'])))
    return { is: 'cached', why: `Tahan caches it${says === '' ? '' : ` (${says})`}` };
  const against = whatForbids(headers);
  if (against !== undefined) return { is: 'no', why: against };
  if (declaresShared(headers)) {
    const { ttlMs } = lifetimes({ ttlMs: 0, declared: 'only' }, headers, 0, 0, now);
    if (ttlMs > 0) return { is: 'cached', why: `it declares ${says}` };
    return { is: 'no', why: `it says ${says}, which is no lifetime: s-maxage=5 would be one` };
  }
  if (!first.body.equals(second.body))
    return {
      is: 'no',
      why: 'two answers to one request differ: a time, a token, or something of the visitor is in it',
    };
  return { is: 'could', why: `the same twice, sets no cookie${says === '' ? '' : `, but says ${says}`}` };
}

/** What in the head of an answer speaks against one copy for all; undefined: nothing. */
function whatForbids(headers: Headers): string | undefined {
  if (headers['set-cookie'] !== undefined) {
    const cookies = [headers['set-cookie']].flat().map((cookie) => cookie.split('=', 1)[0]!.trim());
    return `it sets a cookie (${cookies.join(', ')})`;
  }
  if (fieldText(headers['content-type']).startsWith('text/event-stream')) return 'it is a stream of events';
  const given = directivesOf(headers);
  const word = ['private', 'no-store', 'no-cache'].find((name) => given.has(name));
  if (word !== undefined) return `it says ${word}`;
  switch (sharing(200, headers)) {
    case 'store':
      return undefined;
    case 'private':
      return headers['content-encoding'] === undefined
        ? `it varies by ${fieldText(headers.vary)}`
        : `it is compressed by the app (${fieldText(headers['content-encoding'])}) though nobody asked for that`;
    default:
      return 'its head forbids it';
  }
}
