import type { IncomingMessage } from 'node:http';
import { toOriginForm } from './target.ts';

/** What of a request decides who answers it; the bytes path and node:http read it each in its own way. */
export interface Asked {
  readonly method: string;
  /** Path and query, in origin form. */
  readonly target: string;
  readonly host: string | undefined;
  readonly acceptLanguage: string | undefined;
  /** The request has an Authorization header: its answer is for this visitor only (RFC 9111 section 3.5). */
  readonly authorized: boolean;
  /** Length of the body that the request announces, bytes; 0 for none. */
  readonly announcedBytes: number;
  /** Whether it has one of these headers (lower case); `*`: always. */
  readonly sendsOneOf: (names: readonly string[]) => boolean;
}

/** Reads it from a request of node:http, whose target is in origin form from then on. */
export function askedOf(request: IncomingMessage): Asked {
  toOriginForm(request);
  const { method, url, headers } = request;
  return {
    method: method ?? 'GET',
    target: url ?? '/',
    host: headers.host,
    acceptLanguage: headers['accept-language'],
    authorized: headers.authorization !== undefined,
    announcedBytes: Number(headers['content-length'] ?? 0),
    sendsOneOf: (names) => sendsOneOf(request, names),
  };
}

/** Whether a request has one of these headers (lower case); `*`: always. */
export const sendsOneOf = ({ headers }: IncomingMessage, names: readonly string[]): boolean =>
  names.some((name) => name === '*' || headers[name] !== undefined);
