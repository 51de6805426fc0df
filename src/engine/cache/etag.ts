import { codingsFor } from './coding.ts';
import type { Coding } from './page.ts';

/** A coding is another representation, so it has a validator of its own (RFC 9110 section 8.8.3.3). */
export const etagOf = (etag: string, coding: Coding): string =>
  coding === 'identity' ? etag : `${etag.slice(0, -1)}-${coding}"`;

/** What of a request decides whether the copy that the visitor holds may be used further. */
export interface Conditions {
  acceptEncoding: string | undefined;
  ifNoneMatch: string | undefined;
}

/**
 * The coding of the copy that the visitor holds and may go on using; undefined: none. If-None-Match, weak comparison
 * (RFC 9110 section 13.1.2); a coding that this request does not accept is no answer to it (a proxy asks for several
 * visitors). `etag` is that of the identity body, `chosen` the coding the visitor would get for `*`.
 */
export function heldCoding(
  { ifNoneMatch, acceptEncoding }: Conditions,
  etag: string,
  chosen: Coding,
): Coding | undefined {
  if (ifNoneMatch === undefined) return undefined;
  if (ifNoneMatch.trim() === '*') return chosen;
  const base = etag.slice(0, -1);
  if (!ifNoneMatch.includes(base)) return undefined;
  for (const part of ifNoneMatch.split(',')) {
    const given = part.trim().replace(/^W\//, '');
    if (given === etag) return 'identity';
    for (const coding of codingsFor(acceptEncoding)) if (given === `${base}-${coding}"`) return coding;
  }
  return undefined;
}
