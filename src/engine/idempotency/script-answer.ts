import type { IncomingMessage, ServerResponse } from 'node:http';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * For the script of /tahan/client.js a redirect becomes a 204 that says where to go: a browser hides a redirect from
 * scripts, or follows it, and the page that it leads to would be asked for twice. Gives whether it did so.
 */
export function tellsScript({ headers }: Pick<IncomingMessage, 'headers'>, response: ServerResponse): boolean {
  const location = response.getHeader('location');
  if (headers['tahan-client'] === undefined || location === undefined || !REDIRECTS.has(response.statusCode))
    return false;
  response.statusCode = 204;
  response.statusMessage = 'No Content';
  for (const name of ['location', 'content-length', 'content-type']) response.removeHeader(name);
  response.setHeader('tahan-location', location);
  return true;
}
