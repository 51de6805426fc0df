import fc from 'fast-check';

/** What goes over one connection: the bytes, where they are cut, and when the listener answers. */
export interface Conversation {
  bytes: Buffer;
  /** Lengths of the pieces, without the last. */
  cuts: number[];
  /** The listener answers when it has the whole body, not before. */
  late: boolean;
}

const FIELDS = [
  'Accept: text/html',
  'Accept-Encoding: gzip, br',
  'Accept-Language: de;q=0.5',
  'Cookie: a=1; session=x',
  'If-None-Match: "x"',
  'User-Agent: fuzz',
  'X-Forwarded-For: 192.0.2.1',
  'X-A:   spaced\t ',
  'X-Empty:',
  'Connection: keep-alive',
  'Connection: close',
  'Connection: Keep-Alive, X-A',
  'Authorization: Basic x',
  'Range: bytes=0-1',
];
/** Header lines that two parsers may read in two ways. */
const ODD_FIELDS = [
  'Content-Length: 3',
  'Content-Length: +3',
  'Content-Length: 3, 3',
  'Content-Length: 0x3',
  'Content-Length: 99999999999999999999',
  'Content-Length : 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding : chunked',
  ' folded',
  '\tfolded: too',
  'Host: b',
  'Host:',
  'X A: b',
  'X\u0000A: b',
  'X-A: \u0080\u00ff',
  'X-A: b\rc',
  'X-A: b\nContent-Length: 3',
  ': no name',
  'no colon',
  'Expect: 100-continue',
  'Expect: something',
  'Upgrade: websocket\r\nConnection: upgrade',
  'Trailer: X-B',
  'TE: trailers',
];
const TARGETS = ['/', '/quick', '/a?b=c', '/%00', '//', '/a#b', '*', 'http://a/b', '/ü', '/a b', ''];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 '];
const METHODS = ['HEAD', 'OPTIONS', 'DELETE', 'get', 'PRI', 'CONNECT', 'QUERY', 'G\u0000T'];
/** Bytes that mean something to a parser, and some that must not. */
const BYTES = [0, 9, 10, 11, 13, 32, 35, 48, 58, 59, 65, 97, 127, 128, 255];

const field = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...FIELDS) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_FIELDS) },
);
const fields = fc.array(field, { maxLength: 4 }).map((lines) => lines.map((line) => `${line}\r\n`).join(''));
const content = fc.constantFrom('', 'abc', 'a\r\n\r\nb', 'GET /in HTTP/1.1\r\nHost: a\r\n\r\n', '0\r\n\r\n');
const extension = fc.constantFrom('', '', '', ';a', ';a="b"', ' ', ';\u0001');
const trailer = fc.constantFrom('', '', 'X-B: c\r\n', 'Content-Length: 3\r\n');

const get = fc
  .tuple(fc.constantFrom('/quick', '/quick', '/plain', '/plain?a=b'), fields)
  .map(([target, lines]) => `GET ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
const other = fc
  .tuple(fc.constantFrom('GET', ...METHODS), fc.constantFrom(...TARGETS), fc.constantFrom(...VERSIONS), fields)
  .map(([method, target, version, lines]) => `${method} ${target} ${version}\r\nHost: a\r\n${lines}\r\n`);
const post = fc
  .tuple(fields, content)
  .map(([lines, body]) => `POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${lines}\r\n${body}`);
const chunked = fc
  .tuple(
    fields,
    fc.array(
      content.filter((part) => part !== ''),
      { maxLength: 3 },
    ),
    extension,
    trailer,
  )
  .map(([lines, parts, more, end]) => {
    const body = parts.map((part) => `${part.length.toString(16)}${more}\r\n${part}\r\n`).join('');
    return `POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${lines}\r\n${body}0\r\n${end}\r\n`;
  });
const between = fc.constantFrom('', '', '', '', '', '', '', '\r\n', '\r\n\r\n', '\n', 'x');

const message = fc.oneof(
  { weight: 4, arbitrary: get },
  { weight: 1, arbitrary: other },
  { weight: 2, arbitrary: post },
  { weight: 2, arbitrary: chunked },
);

/** One change of a byte or a part, at a place given as a share of the whole. */
const change: fc.Arbitrary<Change> = fc.tuple(
  fc.constantFrom('set', 'insert', 'remove', 'repeat', 'cut', 'case'),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(...BYTES),
  fc.integer({ min: 1, max: 40 }),
);

type Change = [kind: string, share: number, byte: number, length: number];

function changed(bytes: Buffer, [kind, share, byte, length]: Change): Buffer {
  const at = Math.min(bytes.length - 1, Math.floor(share * bytes.length));
  const parts = (...more: Uint8Array[]): Buffer => Buffer.concat([bytes.subarray(0, at), ...more]);
  switch (kind) {
    case 'set':
      return parts(Buffer.of(byte), bytes.subarray(at + 1));
    case 'insert':
      return parts(Buffer.of(byte), bytes.subarray(at));
    case 'remove':
      return parts(bytes.subarray(at + 1));
    case 'repeat':
      return parts(bytes.subarray(at, at + length), bytes.subarray(at));
    case 'cut':
      return parts(bytes.subarray(at + length));
    default:
      return parts(Buffer.of(bytes[at]! ^ 0x20), bytes.subarray(at + 1));
  }
}

/** One to four requests, mostly good ones, changed in up to three places, in up to four pieces. */
export const conversations: fc.Arbitrary<Conversation> = fc
  .record({
    messages: fc.array(fc.tuple(message, between), { minLength: 1, maxLength: 4 }),
    changes: fc.oneof(fc.constant<Change[]>([]), fc.array(change, { maxLength: 3 })),
    places: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
    late: fc.boolean(),
  })
  .map(({ messages, changes, places, late }) => {
    const whole = Buffer.from(messages.flat().join(''), 'latin1');
    const bytes = changes.reduce(changed, whole);
    const ends = [...new Set(places.map((place) => Math.floor(place * bytes.length)))].sort((a, b) => a - b);
    const cuts = ends.map((end, n) => end - (ends[n - 1] ?? 0)).filter((length) => length > 0);
    return { bytes, cuts, late, [fc.toStringMethod]: () => JSON.stringify([bytes.toString('latin1'), cuts, late]) };
  });
