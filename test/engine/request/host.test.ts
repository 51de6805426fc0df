import net from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isHost } from '../../../src/engine/host-name.ts';
import { startWorker, type TestWorker } from './fixtures/worker.ts';

let worker: TestWorker;
const asked: string[] = [];
beforeAll(async () => {
  worker = await startWorker({
    site: {
      handler: (request, response) => {
        asked.push(request.headers.host ?? '');
        response.end();
      },
    },
  });
});
afterAll(() => worker.close());

/** All that comes back on a connection until it ends. */
const talk = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = '';
    const socket = net.connect(worker.port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      answer += part;
    });
    socket.on('error', reject);
    socket.on('end', () => {
      socket.destroy();
      resolve(answer);
    });
  });

test.each(['', 'a', 'example.org:3000', 'my_host', '127.0.0.1:80', '[::1]', '[::1]:80', 'xn--bcher-kva.example.'])(
  'a host may be %j',
  (host) => expect(isHost(host)).toBe(true),
);

test.each(['a b', 'a,b/', '"><b>', 'a:b', 'a:80:80', 'me@a', 'a?b', 'a#b', '[::1', 'b\u00fccher'])(
  'a host is not %j',
  (host) => expect(isHost(host)).toBe(false),
);

// RFC 9112 section 3.2: what two readers may take for two hosts, they may take for two requests' worth of trust.
test.each([
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b'],
  ['the same host twice', 'GET / HTTP/1.1\r\nHost: a\r\nhost: a'],
  ['a host that is none', 'GET / HTTP/1.1\r\nHost: a b'],
  ['a host with markup in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: "><b>'],
  ['a form for two hosts', 'POST / HTTP/1.1\r\nContent-Length: 0\r\nHost: a\r\nHost: b'],
])('the site is not asked for %s', async (_what, head) => {
  asked.length = 0;
  expect(await talk(`${head}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 .*one Host header/s);
  expect(asked).toEqual([]);
});

test.each([
  ['', 'GET / HTTP/1.0'],
  ['', 'GET / HTTP/1.1\r\nHost:'],
  ['a', 'GET http://a/ HTTP/1.1\r\nHost: b'],
])('the site is asked for the host %j by %j', async (host, head) => {
  asked.length = 0;
  expect(await talk(`${head}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  expect(asked).toEqual([host]);
});

test('a client of HTTP/1.0 gets no 100, which it would take for its answer', async () => {
  const answer = await talk('POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\na=b');
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});
