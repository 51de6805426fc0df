import { PROXY_HEADERS } from '../../client.ts';
import { isHost } from '../../host-name.ts';
import type { Asked } from '../asked.ts';
import type { Decided } from '../decide.ts';

/** A request so plain that a cached page, or the waiting page, can answer it without the HTTP parser. */
export interface PlainGet extends Asked {
  method: 'GET';
  /** In origin form. */
  target: string;
  host: string;
  authorized: false;
  announcedBytes: 0;
  /** The client wants the connection closed after the answer. */
  close: boolean;
  accept: string | undefined;
  userAgent: string | undefined;
  cookie: string | undefined;
  acceptEncoding: string | undefined;
  acceptLanguage: string | undefined;
  ifNoneMatch: string | undefined;
  /** What the browser fetches it for (Fetch Metadata). */
  fetchDest: string | undefined;
  /** It belongs to a trace of its client. */
  traced: boolean;
  /** The request as it came. */
  text: string;
  /** What was decided of it when it could not be answered from bytes. */
  decided: Decided | undefined;
  /** A proxy passed it on: the connection is not one visitor's. */
  byProxy: boolean;
}

const MAX_BYTES = 4_096;

/**
 * One whole request and nothing else: a GET in origin form, HTTP/1.1, header names of letters, digits and dashes, values
 * of printable ASCII, no folding, ended by an empty line. Everything that is not so goes to node:http, which decides.
 */
const WHOLE = /^GET (\/[\x21\x22\x24-\x7e]*) HTTP\/1\.1\r\n(?:[A-Za-z0-9-]+:[\t\x20-\x7e]*\r\n)+\r\n$/;

/** Headers that make a request more than a plain GET: a body, another protocol, a secret, a wish about the connection. */
const NOT_PLAIN = new Set([
  'authorization',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'trailer',
  'te',
  'http2-settings',
  'proxy-connection',
]);

/** Reads a plain GET out of a chunk; undefined: not one. RFC 9112; stricter, never laxer, than node:http. */
export function parsePlainGet(chunk: Buffer): PlainGet | undefined {
  if (chunk.length > MAX_BYTES || chunk[0] !== 0x47 /* G */) return undefined;
  const text = chunk.toString('latin1');
  const whole = WHOLE.exec(text);
  if (whole === null) return undefined;
  const found: PlainGet = {
    method: 'GET',
    target: whole[1]!,
    host: '',
    authorized: false,
    announcedBytes: 0,
    close: false,
    accept: undefined,
    userAgent: undefined,
    cookie: undefined,
    acceptEncoding: undefined,
    acceptLanguage: undefined,
    ifNoneMatch: undefined,
    fetchDest: undefined,
    traced: false,
    text,
    decided: undefined,
    byProxy: false,
    sendsOneOf,
  };
  let hosts = 0;
  let at = text.indexOf('\r\n') + 2;
  while (at < text.length - 2) {
    const end = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    const name = text.slice(at, colon).toLowerCase();
    switch (name) {
      case 'host':
        hosts += 1;
        found.host = text.slice(colon + 1, end).trim();
        break;
      case 'connection': {
        const wish = text
          .slice(colon + 1, end)
          .trim()
          .toLowerCase();
        if (wish === 'close') found.close = true;
        else if (wish !== 'keep-alive' || found.close) return undefined;
        break;
      }
      case 'user-agent':
        found.userAgent ??= text.slice(colon + 1, end).trim();
        break;
      // Given twice they are joined, which is left to node:http.
      case 'cookie':
        if (found.cookie !== undefined) return undefined;
        found.cookie = text.slice(colon + 1, end).trim();
        break;
      case 'accept':
        if (found.accept !== undefined) return undefined;
        found.accept = text.slice(colon + 1, end).trim();
        break;
      case 'accept-encoding':
        if (found.acceptEncoding !== undefined) return undefined;
        found.acceptEncoding = text.slice(colon + 1, end).trim();
        break;
      case 'accept-language':
        if (found.acceptLanguage !== undefined) return undefined;
        found.acceptLanguage = text.slice(colon + 1, end).trim();
        break;
      case 'if-none-match':
        if (found.ifNoneMatch !== undefined) return undefined;
        found.ifNoneMatch = text.slice(colon + 1, end).trim();
        break;
      case 'sec-fetch-dest':
        found.fetchDest ??= text.slice(colon + 1, end).trim();
        break;
      case 'traceparent':
        found.traced = true;
        break;
      default:
        if (NOT_PLAIN.has(name)) return undefined;
        found.byProxy ||= PROXY_HEADERS.has(name);
    }
    at = end + 2;
  }
  return hosts === 1 && found.host !== '' && isGoodHost(found.host) ? found : undefined;
}

let lastGoodHost = '';

/** Nearly all ask for the same: a comparison. */
function isGoodHost(host: string): boolean {
  if (host === lastGoodHost) return true;
  if (!isHost(host)) return false;
  lastGoodHost = host;
  return true;
}

/** A method of each plain GET: few pages ask. */
function sendsOneOf(this: PlainGet, names: readonly string[]): boolean {
  return names.some((name) => name === '*' || headerOf(this, name) !== undefined);
}

/** A header of a plain GET that is not among its fields, by its lower-case name. Looks through the text: not for each request. */
export function headerOf({ text }: PlainGet, name: string): string | undefined {
  for (let at = text.indexOf('\r\n') + 2; at < text.length - 2; ) {
    const end = text.indexOf('\r\n', at);
    if (text[at + name.length] === ':' && text.slice(at, at + name.length).toLowerCase() === name)
      return text.slice(at + name.length + 1, end).trim();
    at = end + 2;
  }
  return undefined;
}

/** The headers of a plain GET, name and value in turn, as node:http has them in `rawHeaders`. */
export function rawHeadersOf({ text }: PlainGet): string[] {
  const raw: string[] = [];
  for (let at = text.indexOf('\r\n') + 2; at < text.length - 2; ) {
    const end = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    raw.push(text.slice(at, colon), text.slice(colon + 1, end).trim());
    at = end + 2;
  }
  return raw;
}
