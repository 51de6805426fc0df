import { describe, expect, test } from '@jest/globals';
import { BadResponseError, createResponseParser, headerOf } from '../../../scripts/load/response-parser.ts';

const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nTrailer: x\r\n\r\n';

/** Feeds the text in pieces of `size` bytes through one reused buffer, as a socket does. */
function feedInPieces(text: string, size: number): { statuses: number[]; doneAt: number } {
  const parser = createResponseParser();
  const reused = Buffer.alloc(size);
  const statuses: number[] = [];
  let doneAt = -1;
  for (let at = 0; at < text.length; at += size) {
    const length = reused.write(text.slice(at, at + size), 'latin1');
    const head = parser.feed(reused.subarray(0, length));
    if (head !== undefined) {
      statuses.push(head.status);
      doneAt = at + length;
    }
    reused.fill(0);
  }
  return { statuses, doneAt };
}

describe('the response parser', () => {
  test.each([
    ['Content-Length', LENGTH],
    ['chunked', CHUNKED],
    ['no body', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'],
    ['an empty body', 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'],
  ])('finds the end of a response with %s, however it is split', (_name, text) => {
    for (let size = 1; size <= text.length; size += 1) {
      const { statuses, doneAt } = feedInPieces(text, size);
      expect(statuses).toHaveLength(1);
      expect(doneAt).toBe(text.length);
    }
  });

  test('reads one response after the other on a kept connection', () => {
    const parser = createResponseParser();
    expect(parser.feed(Buffer.from(LENGTH))?.status).toBe(200);
    expect(parser.feed(Buffer.from(CHUNKED))?.status).toBe(200);
    expect(parser.feed(Buffer.from('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'))?.status).toBe(503);
  });

  test('passes over a 1xx answer to the real one', () => {
    const parser = createResponseParser();
    expect(parser.feed(Buffer.from(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${LENGTH}`))?.status).toBe(200);
  });

  test('a body without a length ends with the connection, which cannot be used again', () => {
    const parser = createResponseParser();
    expect(parser.feed(Buffer.from('HTTP/1.1 200 OK\r\n\r\nsome'))).toBeUndefined();
    expect(parser.feed(Buffer.from('more'))).toBeUndefined();
    expect(parser.end()).toMatchObject({ status: 200, keepAlive: false });
  });

  test('a connection that ends within a counted body completes nothing', () => {
    const parser = createResponseParser();
    parser.feed(Buffer.from(LENGTH.slice(0, -1)));
    expect(parser.end()).toBeUndefined();
  });

  test('tells whether the connection stays', () => {
    const keepAlive = (head: string) =>
      createResponseParser().feed(Buffer.from(`${head}\r\nContent-Length: 0\r\n\r\n`))?.keepAlive;
    expect(keepAlive('HTTP/1.1 200 OK')).toBe(true);
    expect(keepAlive('HTTP/1.1 200 OK\r\nConnection: close')).toBe(false);
    expect(keepAlive('HTTP/1.0 200 OK')).toBe(false);
    expect(keepAlive('HTTP/1.0 200 OK\r\nConnection: keep-alive')).toBe(true);
  });

  test.each([
    ['another protocol', 'SSH-2.0-x\r\n\r\n'],
    ['more bytes than announced', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc'],
    ['a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`],
  ])('refuses %s', (_name, text) => {
    expect(() => createResponseParser().feed(Buffer.from(text))).toThrow(BadResponseError);
  });

  test('header values are found whatever the case of their name, and only as whole names', () => {
    const head = 'HTTP/1.1 200 OK\r\nX-Tahan-Process: worker-2\r\nAge: 3';
    expect(headerOf(head, 'x-tahan-process')).toBe('worker-2');
    expect(headerOf(head, 'age')).toBe('3');
    expect(headerOf(head, 'process')).toBeUndefined();
  });
});
