import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { endOfHead } from '../../../src/engine/request/connection/head-end.ts';

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('the end of a head', () => {
  test.each([
    [HEAD, HEAD.length],
    [HEAD + HEAD, HEAD.length],
    [`\r\n\r\n\n${HEAD}x`, HEAD.length + 5],
    ['GET / HTTP/1.1\r\n\r\n', 18],
    ['GET / HTTP/1.1\r\nHost: a\r\n', -1],
    ['\r\n\r\n', -1],
    ['', -1],
  ])('%j', (bytes, end) => {
    expect(endOfHead(Buffer.from(bytes))).toBe(end);
  });

  test('is found wherever the head is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: HEAD.length - 1 }), (cut) => {
        const rest = endOfHead(Buffer.from(HEAD.slice(cut) + HEAD), HEAD.slice(0, cut).slice(-3));
        expect(rest).toBe(HEAD.length - cut);
      }),
      { seed: 1 },
    );
  });
});
