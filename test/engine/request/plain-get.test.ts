import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parsePlainGet } from '../../../src/engine/request/connection/plain-get.ts';

const parse = (text: string) => parsePlainGet(Buffer.from(text, 'latin1'));
const CURL = 'GET /posts?page=2 HTTP/1.1\r\nHost: example.org:3000\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n';

describe('a plain GET', () => {
  test('is what curl and browsers send', () => {
    expect(parse(CURL)).toMatchObject({
      target: '/posts?page=2',
      host: 'example.org:3000',
      accept: '*/*',
      close: false,
    });
    expect(
      parse(
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nsec-ch-ua: "Chromium";v="1", "Not?A_Brand";v="24"\r\nUpgrade-Insecure-Requests: 1\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: id,en;q=0.9\r\nCookie: a=1; b=2\r\nIf-None-Match: "x"\r\n\r\n',
      ),
    ).toMatchObject({
      acceptEncoding: 'gzip, deflate, br',
      acceptLanguage: 'id,en;q=0.9',
      cookie: 'a=1; b=2',
      ifNoneMatch: '"x"',
    });
    expect(parse('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatchObject({ close: true });
  });

  test('tells whether it has one of some headers', () => {
    const get = parse('GET /?rsc:1 HTTP/1.1\r\nHost: a\r\nRSC: 1\r\nAccept: next-url: x\r\n\r\n')!;
    expect(get.sendsOneOf(['next-url', 'rsc'])).toBe(true);
    expect(get.sendsOneOf(['next-url', 'sc'])).toBe(false);
    expect(get.sendsOneOf(['*'])).toBe(true);
  });

  test.each([
    ['two requests', CURL + CURL],
    ['half a request', CURL.slice(0, -2)],
    ['a body', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n'],
    ['a chunked body', 'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['bytes behind it', `${CURL}x`],
    ['another method', 'POST / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\nAccept: */*\r\n\r\n'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['a host with markup', 'GET / HTTP/1.1\r\nHost: "><b>\r\n\r\n'],
    ['an absolute target', 'GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a fragment', 'GET /#a HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: a\n\n'],
    ['a control character', 'GET / HTTP/1.1\r\nHost: a\r\nX: \u0001\r\n\r\n'],
    ['a byte over ASCII', 'GET / HTTP/1.1\r\nHost: a\r\nX: \u00e9\r\n\r\n'],
    ['an upgrade', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['credentials', 'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic x\r\n\r\n'],
    ['two cookies', 'GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n'],
    ['a very long head', `GET /${'a'.repeat(5_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ])('is not: %s', (_name, text) => {
    expect(parse(text)).toBeUndefined();
  });
});

describe('beside node:http', () => {
  let server: Server;
  let seen: { url: string; headers: IncomingHttpHeaders } | undefined;
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen = { url: request.url ?? '', headers: request.headers };
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.close();
  });

  const ask = (text: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1', () =>
        socket.end(Buffer.from(text, 'latin1')),
      );
      let answer = '';
      socket.on('data', (chunk) => {
        answer += String(chunk);
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', () => resolve(answer));
    });

  test('whatever is accepted here, the parser reads the same; mutated requests, with a seed', async () => {
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state % below;
    };
    const pieces = [
      '\r\n',
      '\n',
      ' ',
      ':',
      '\t',
      'Host: b\r\n',
      'Cookie: a=1\r\n',
      'Connection: close\r\n',
      '%2e',
      '"',
      '\u0000',
      '\u00ff',
      'X-A: b\r\n',
      '?',
      '#',
    ];
    let accepted = 0;
    for (let round = 0; round < 600; round++) {
      let text = CURL;
      for (let change = random(3); change >= 0; change--) {
        const at = random(text.length);
        const piece = pieces[random(pieces.length)]!;
        text =
          random(2) === 0
            ? text.slice(0, at) + piece + text.slice(at)
            : text.slice(0, at) + text.slice(at + 1 + random(3));
      }
      const plain = parse(text);
      if (plain === undefined) continue;
      accepted += 1;
      seen = undefined;
      const answer = await ask(text);
      expect([text, answer.slice(0, 15)]).toEqual([text, 'HTTP/1.1 200 OK']);
      expect({ url: seen!.url, host: seen!.headers.host, cookie: seen!.headers.cookie }).toEqual({
        url: plain.target,
        host: plain.host,
        cookie: plain.cookie,
      });
    }
    expect(accepted).toBeGreaterThan(20);
  });
});
