import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** What plain-exchange.ts uses of a request and an answer of node:http and is not documented (v26, lib/_http_server.js). */
const OF_REQUEST = ['_addHeaderLines', 'complete', 'upgrade'] as const;
const OF_RESPONSE = [
  'assignSocket',
  'detachSocket',
  'shouldKeepAlive',
  '_keepAliveTimeout',
  '_last',
  '_closed',
  '_flush',
] as const;
const DETACH_SIGNAL = 'kDetachAbortSignal';

/** Of a request: `request.signal` no longer listens to the connection. */
export const detachSignal: unique symbol = signalOf(IncomingMessage) as never;

function signalOf({ prototype }: typeof IncomingMessage): symbol | undefined {
  return Object.getOwnPropertySymbols(prototype).find(({ description }) => description === DETACH_SIGNAL);
}

/** The names of those parts that the classes of a runtime do not have. */
export function missingParts(Request = IncomingMessage, Response = ServerResponse): string[] {
  const request = new Request(new Socket());
  const response = new Response(request);
  return [
    ...OF_REQUEST.filter((name) => !(name in request)).map((name) => `IncomingMessage.${name}`),
    ...(signalOf(Request) === undefined ? [`IncomingMessage[${DETACH_SIGNAL}]`] : []),
    ...OF_RESPONSE.filter((name) => !(name in response)).map((name) => `ServerResponse.${name}`),
  ];
}

/** Of the runtime: with any, node:http itself reads plain requests that the site must answer; that is slower, and right. */
export const MISSING_PARTS: readonly string[] = missingParts();
