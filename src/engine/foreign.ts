import type { IncomingHttpHeaders } from 'node:http';

/** Whether a page of another origin sends this: browsers say so (Fetch Metadata), older ones name the origin. */
export function isForeign(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin, host } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}
