import type { IncomingMessage, ServerResponse } from 'node:http';
import { tellWhy } from './answer/told-why.ts';

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

/** Why a body was not taken, and what the client is told. */
const PROBLEMS = {
  too_large: {
    status: 413,
    code: 'BODY_TOO_LARGE',
    text: (limit: number) => `The request body is larger than ${limit} bytes.`,
  },
  too_slow: { status: 408, code: 'BODY_TOO_SLOW', text: () => 'The request body came too slowly.' },
} as const;

/** Says that a body was not taken; the connection ends, as the rest of the body would follow. */
export function answerBody(
  request: IncomingMessage,
  response: ServerResponse,
  problem: keyof typeof PROBLEMS,
  limit: number,
): void {
  const { status, code, text } = PROBLEMS[problem];
  tellWhy(request, response, { status, code, message: text(limit) });
}
