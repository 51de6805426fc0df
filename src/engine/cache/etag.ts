import { CODINGS, type Coding } from './page.ts';

/** A coding is another representation, so it has a validator of its own (RFC 9110 section 8.8.3.3). */
export const etagOf = (etag: string, coding: Coding): string =>
  coding === 'identity' ? etag : `${etag.slice(0, -1)}-${coding}"`;

/**
 * The coding of the copy that the visitor holds and may go on using; undefined: none. If-None-Match, weak comparison
 * (RFC 9110 section 13.1.2). `etag` is that of the identity body, `chosen` the coding the visitor would get for `*`.
 */
export function heldCoding(ifNoneMatch: string, etag: string, chosen: Coding): Coding | undefined {
  if (ifNoneMatch.trim() === '*') return chosen;
  const base = etag.slice(0, -1);
  if (!ifNoneMatch.includes(base)) return undefined;
  for (const part of ifNoneMatch.split(',')) {
    const given = part.trim().replace(/^W\//, '');
    if (given === etag) return 'identity';
    for (const coding of CODINGS) if (given === `${base}-${coding}"`) return coding;
  }
  return undefined;
}
