const END = '\r\n\r\n';
const CR = 13;
const LF = 10;

/**
 * Where the first request head in `bytes` ends: the index after its empty line, or -1. Empty lines before the head count
 * as part of it (RFC 9112 section 2.2).
 * @param before the last bytes before these, at most 3, where they are in the middle of a head; else empty
 */
export function endOfHead(bytes: Buffer, before = ''): number {
  if (before === '') {
    let from = 0;
    while (bytes[from] === CR || bytes[from] === LF) from += 1;
    return endFrom(bytes, from);
  }
  // The empty line may have begun before.
  for (let had = Math.min(3, before.length); had > 0; had -= 1) {
    const rest = END.length - had;
    if (before.endsWith(END.slice(0, had)) && bytes.toString('latin1', 0, rest) === END.slice(had)) return rest;
  }
  return endFrom(bytes, 0);
}

function endFrom(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(END, from, 'latin1');
  return at === -1 ? -1 : at + END.length;
}
