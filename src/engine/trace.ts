import type { IncomingHttpHeaders } from 'node:http';

/** The trace that a request belongs to, as its client told it (W3C Trace Context). */
export interface Trace {
  /** 32 hexadecimal digits. */
  id: string;
  traceparent: string;
  tracestate: string | undefined;
}

/** Longest `tracestate` that is passed on, characters; the standard asks for 512. */
const MAX_STATE = 2_048;
/** W3C Trace Context section 3.2: of version 00 all, of a later one the beginning is known. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;
const LENGTH = 55;

/** Undefined: none was told, or it is not valid. */
export function traceOf({ traceparent, tracestate }: IncomingHttpHeaders): Trace | undefined {
  // Two of them are joined by node:http, which no form of it allows.
  if (typeof traceparent !== 'string') return undefined;
  const id = TRACEPARENT.exec(traceparent)?.[1];
  if (id === undefined || (traceparent.startsWith('00') && traceparent.length !== LENGTH)) return undefined;
  const isKept = typeof tracestate === 'string' && tracestate.length <= MAX_STATE;
  return { id, traceparent, tracestate: isKept ? tracestate : undefined };
}

/** The headers of a request that is made on behalf of one with a trace; what they say of it themselves stays. */
export function tracedHeaders(given: HeadersInit | undefined, { traceparent, tracestate }: Trace): Headers {
  const headers = new Headers(given);
  if (headers.has('traceparent')) return headers;
  headers.set('traceparent', traceparent);
  if (tracestate !== undefined) headers.set('tracestate', tracestate);
  return headers;
}
