import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** What a site gives to `writeHead`, `write` and `end` of node:http, for those who stand in their place. */

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** The bytes of a chunk; undefined: there is none. */
export function chunkBytes(chunk: unknown, encoding: unknown): Buffer | undefined {
  if (chunk === undefined || chunk === null || typeof chunk === 'function') return undefined;
  return typeof chunk === 'string'
    ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
    : Buffer.from(chunk as Uint8Array);
}

/** The callback, which may stand in the place of what is left out. */
export const callbackAmong = (...given: unknown[]): (() => void) | undefined =>
  given.find((one) => typeof one === 'function') as (() => void) | undefined;

/**
 * Sets the headers that `writeHead` was given behind the status. As in node:http: they replace what was set, and a name that is
 * given twice has both values.
 */
export function replaceHeaders(
  response: ServerResponse,
  reason: string | Headers | undefined,
  headers: Headers | undefined,
): void {
  const pairs = [...headerPairs(typeof reason === 'string' ? headers : (headers ?? reason))];
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, Array.isArray(value) ? value : String(value));
}

/** Name and value of each header in the forms that `writeHead` of node:http takes. */
function* headerPairs(headers: Headers | undefined): Generator<[string, number | string | readonly string[]]> {
  if (headers === undefined) return;
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) yield [name, value];
    return;
  }
  if (Array.isArray(headers[0])) {
    for (const [name, value] of headers as unknown as [string, string][]) yield [name, value];
    return;
  }
  for (let at = 0; at + 1 < headers.length; at += 2) yield [String(headers[at]), headers[at + 1]!];
}
