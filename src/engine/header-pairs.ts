import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';

/** Name and value of each header in the forms that `writeHead` of node:http takes. */
export function* headerPairs(
  headers: OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined,
): Generator<[string, number | string | readonly string[]]> {
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
