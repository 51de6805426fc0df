import type { IncomingMessage } from 'node:http';

/** What the client would rather read when it can't have what it asked for: HTML for people, JSON for programs. */
export const wantsJson = (request: IncomingMessage): boolean => prefersJson(request.headers.accept);

/** As `wantsJson`, from the Accept header. */
export function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const json = accept.indexOf('json');
  if (json === -1) return false;
  const html = accept.indexOf('text/html');
  return html === -1 || json < html;
}
