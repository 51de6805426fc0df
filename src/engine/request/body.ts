import type { IncomingMessage, ServerResponse } from 'node:http';
import { wantsJson } from './answer/accept.ts';

/** The body of a request, which came without a length, is larger than it may be. */
export class BodyTooLargeError extends Error {
  readonly code = 'BODY_TOO_LARGE';
  override readonly name = 'BodyTooLargeError';
  constructor(limit: number) {
    super(`the request body is larger than ${limit} bytes`);
  }
}

/** Counts a body that comes without a length (chunked); what is above the limit is dropped, and told once. */
export function countBody(
  request: IncomingMessage,
  limit: number,
  onTooLarge: (error: BodyTooLargeError) => void,
): void {
  if (request.headers['transfer-encoding'] === undefined) return;
  const push = request.push;
  let bytes = 0;
  // node:http hands each part of a body to `push`; a listener for `data` would take it from the site.
  request.push = (part: Buffer | null, encoding) => {
    if (bytes > limit) return false;
    bytes += part?.length ?? 0;
    if (bytes <= limit) return push.call(request, part, encoding);
    onTooLarge(new BodyTooLargeError(limit));
    return false;
  };
}

/** Answers 413; the connection ends, as the rest of the body would follow. */
export function refuseBody(request: IncomingMessage, response: ServerResponse, limit: number): void {
  const message = `The request body is larger than ${limit} bytes.`;
  const body = wantsJson(request)
    ? `${JSON.stringify({ error: { status: 413, code: 'BODY_TOO_LARGE', message } })}\n`
    : `${message}\n`;
  response.writeHead(413, {
    'content-type': wantsJson(request) ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8',
    connection: 'close',
  });
  response.end(body);
}
