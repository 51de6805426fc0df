import type { IncomingMessage, ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { aheadOfAll } from '../../../src/engine/request/connection/ahead.ts';
import { HALF_CLOSE_MS, LINGER_BYTES, LINGER_MS } from '../../../src/engine/request/connection/closing.ts';
import { createPortServer, type PortServer } from '../../../src/engine/request/connection/port-server.ts';
import { until } from './fixtures/worker.ts';

const LIMITS = { headerTimeoutMs: 10_000, requestTimeoutMs: 10_000, keepAliveMs: 10_000, maxConnections: 100 };

const open: (net.Socket | PortServer)[] = [];
const usual = { ...aheadOfAll };
afterEach(() => {
  jest.useRealTimers();
  aheadOfAll.maxBytes = usual.maxBytes;
  for (const one of open.splice(0)) {
    if (one instanceof net.Socket) one.destroy();
    else {
      one.leave();
      one.server.closeAllConnections();
    }
  }
});

/** The server of a worker: `/quick` is answered before the parser. */
async function serve(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const place = createPortServer(
    LIMITS,
    listener,
    () => {},
    ({ target, close }) =>
      target === '/quick'
        ? { head: Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n'), body: Buffer.from('/quick'), close }
        : undefined,
  );
  open.push(place);
  await new Promise<void>((resolve) => place.server.listen(0, '127.0.0.1', resolve));
  return (place.server.address() as AddressInfo).port;
}

interface Client {
  socket: net.Socket;
  text: () => string;
  closed: () => boolean;
}

function connect(port: number): Client {
  let [text, closed] = ['', false];
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  open.push(socket);
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('end', () => {
    closed = true;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  return { socket, text: () => text, closed: () => closed };
}

const post = (target: string, body = 'hi'): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const CHUNKED = 'POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const statuses = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status!);

describe('a connection that node:http reads', () => {
  test.each([
    ['with bodies', (n: number) => post(`/${n}`, 'a\r\n\r\nb'.repeat(n))],
    ['without', (n: number) => `OPTIONS /${n} HTTP/1.1\r\nHost: a\r\n\r\n`],
    [
      'with bodies in chunks',
      (n: number) => `${CHUNKED.replace('chunked', String(n))}6\r\n\r\n\r\nab\r\n0\r\nX: y\r\n\r\n`,
    ],
  ])('has one request in hand at a time, however many come at once: %s', async (_kind, request) => {
    const inHand: (() => void)[] = [];
    const seen: string[] = [];
    const port = await serve((asked, response) => {
      seen.push(asked.url!);
      asked.resume().on('end', () => inHand.push(() => response.end(`${asked.url};`)));
    });
    const { socket, text } = connect(port);
    const targets = Array.from({ length: 20 }, (_, n) => `/${n}`);
    socket.write(targets.map((_, n) => request(n)).join(''));
    for (const n of targets.keys()) {
      await until(() => inHand.length === 1);
      expect(seen).toHaveLength(n + 1);
      inHand.pop()!();
    }
    await until(() => text().includes('/19;'));
    expect(seen).toEqual(targets);
    expect(text().match(/\/\d+;/g)).toEqual(targets.map((target) => `${target};`));
  });

  test('has one request in hand, too, where the end of a head comes in two reads', async () => {
    const inHand: ServerResponse[] = [];
    const port = await serve((_request, response) => inHand.push(response));
    const { socket } = connect(port);
    const one = 'OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n';
    const accepted = (open[0] as PortServer).server;
    const reads = new Promise<net.Socket>((resolve) => accepted.once('connection', resolve));
    const end = await reads;
    socket.write(one.slice(0, -1));
    await until(() => end.bytesRead === one.length - 1);
    socket.write(`${one.slice(-1)}${one}${one}`);
    await until(() => end.bytesRead === 3 * one.length);
    await until(() => inHand.length > 0);
    expect(inHand).toHaveLength(1);
  });

  test('may read no more ahead than all connections together may', async () => {
    aheadOfAll.maxBytes = 100_000;
    const port = await serve((request, response) => {
      if (request.url === '/free') response.end('free;');
    });
    const clients = Array.from({ length: 10 }, () => connect(port));
    for (const { socket } of clients) socket.write(post('/held') + post('/ahead', 'x'.repeat(40_000)));
    await until(() => clients.filter(({ closed }) => closed()).length >= 7);
    expect(aheadOfAll.bytes).toBeLessThanOrEqual(100_000);
    const free = connect(port);
    free.socket.write(post('/free'));
    await until(() => free.text().includes('free;'));
    for (const { socket } of clients) socket.resetAndDestroy();
    await until(() => aheadOfAll.bytes === 0);
  });

  test('of a client that asks and does not read gets no further answers', async () => {
    let answered = 0;
    const body = Buffer.alloc(1_000_000, 'x');
    const port = await serve((_request, response) => {
      answered += 1;
      response.end(body);
    });
    let end: net.Socket | undefined;
    (open[0] as PortServer).server.once('connection', (socket: net.Socket) => {
      end = socket;
    });
    const { socket, text } = connect(port);
    socket.pause();
    socket.write(post('/').repeat(100));
    await until(() => (end?.writableLength ?? 0) > 0);
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    const held = answered;
    expect(held).toBeLessThan(50);
    expect(end!.writableLength).toBeLessThan(2 * body.length);
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(500_000_000);
    socket.resume();
    await until(() => text().length > 100 * body.length);
    expect(answered).toBe(100);
  });
});

describe('a client that ends its side after asking', () => {
  test.each([
    ['a page at hand', 'GET /quick HTTP/1.1\r\nHost: a\r\n\r\n', ['/quick']],
    ['a plain request', 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n', ['/plain']],
    ['a form', post('/form'), ['/form']],
    ['a body in chunks', `${CHUNKED}2\r\nhi\r\n0\r\n\r\n`, ['/chunked']],
    [
      'several at once',
      `GET /quick HTTP/1.1\r\nHost: a\r\n\r\n${post('/form')}GET /plain HTTP/1.1\r\nHost: a\r\n\r\n`,
      ['/quick', '/form', '/plain'],
    ],
    [
      'plain ones at once',
      `GET /plain HTTP/1.1\r\nHost: a\r\n\r\nGET /quick HTTP/1.1\r\nHost: a\r\n\r\n`,
      ['/plain', '/quick'],
    ],
  ])('gets its answers, and then the end: %s', async (_kind, bytes, answers) => {
    const port = await serve((request, response) => {
      request.resume().on('end', () => setTimeout(() => response.end(request.url), 30));
    });
    const { socket, text, closed } = connect(port);
    socket.end(bytes);
    await until(closed);
    expect(text().match(/\/(?:quick|form|plain|chunked)/g)).toEqual(answers);
  });

  test('in the middle of a request is told so', async () => {
    const port = await serve((_request, response) => response.end('answered'));
    const { socket, text, closed } = connect(port);
    socket.end(CHUNKED.slice(0, 30));
    await until(closed);
    expect(statuses(text())).toEqual(['400']);
  });

  test('long after asking has left', async () => {
    let asked = false;
    let gone = false;
    const port = await serve((_request, response) => {
      asked = true;
      response.on('close', () => {
        gone = true;
      });
    });
    const { socket } = connect(port);
    socket.write(post('/slow'));
    await until(() => asked);
    await new Promise((resolve) => setTimeout(resolve, HALF_CLOSE_MS + 20));
    expect(gone).toBe(false);
    socket.end();
    await until(() => gone);
  });
});

describe('what cannot be read', () => {
  test('is answered where nothing else is', async () => {
    const port = await serve((request, response) => request.resume().on('end', () => response.end('answered')));
    const { socket, text, closed } = connect(port);
    socket.write(`${CHUNKED}zz\r\n`);
    await until(closed);
    expect(statuses(text())).toEqual(['400']);
    const later = connect(port);
    later.socket.write(post('/form'));
    await until(() => later.text().includes('answered'));
    later.socket.write('RUBBISH\r\n\r\n');
    await until(later.closed);
    expect(statuses(later.text())).toEqual(['200', '400']);
  });

  test('cuts an answer that is half out, and writes nothing into it', async () => {
    const port = await serve((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-length': 100 });
      response.write('the first 20 bytes..');
    });
    const { socket, text, closed } = connect(port);
    socket.write(CHUNKED);
    await until(() => text().endsWith('bytes..'));
    socket.write('zz\r\n');
    await until(closed);
    expect(text()).toMatch(/bytes\.\.$/);
  });

  test.each([
    ['the body of a request that is answered', CHUNKED, 'zz\r\nzzzz\r\n'],
    ['more than a request said', `${post('/form')}and more\r\n\r\n`, ''],
    ['more than a plain request said', 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\nand more\r\n\r\n', ''],
    ['more than a request for a page at hand said', 'GET /quick HTTP/1.1\r\nHost: a\r\n\r\nand more\r\n\r\n', ''],
  ])('is no second answer: %s', async (_kind, bytes, rest) => {
    const port = await serve((_request, response) => response.end('/answered'));
    const { socket, text, closed } = connect(port);
    socket.write(bytes);
    await until(() => /\/(?:answered|quick)/.test(text()));
    if (rest !== '') socket.write(rest);
    await until(closed);
    expect(statuses(text())).toEqual(['200']);
  });
});

describe('an answer that comes before the whole request', () => {
  const tooLarge = (request: IncomingMessage, response: ServerResponse): void => {
    request.once('data', () => response.writeHead(413, { connection: 'close' }).end('too large'));
  };
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;

  test('reaches a client that sends on, and reads only then', async () => {
    const port = await serve(tooLarge);
    const { socket, text, closed } = connect(port);
    socket.pause();
    socket.write(CHUNKED);
    for (let n = 0; n < 128; n++) {
      if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve));
    }
    socket.resume();
    await until(closed);
    expect(text()).toMatch(/^HTTP\/1\.1 413 [\s\S]*too large/);
  });

  test('is the last that is waited for: what comes after it is bounded in bytes', async () => {
    const port = await serve(tooLarge);
    const { socket } = connect(port);
    let sent = 0;
    const sends = new Promise<void>((resolve) => {
      const send = (): void => {
        while (sent < 4 * LINGER_BYTES && socket.write(chunk)) sent += chunk.length;
      };
      socket.on('drain', send);
      socket.on('close', () => resolve());
      socket.write(CHUNKED);
      send();
    });
    await sends;
    expect(sent).toBeGreaterThan(LINGER_BYTES / 2);
    expect(sent).toBeLessThan(3 * LINGER_BYTES);
    expect(LINGER_BYTES).toBe(16 * 2 ** 20);
  });

  test('and in time', async () => {
    const port = await serve(tooLarge);
    let end: net.Socket | undefined;
    (open[0] as PortServer).server.once('connection', (socket: net.Socket) => {
      end = socket;
    });
    const { socket, text } = connect(port);
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'Date', 'performance'] });
    socket.write(`${CHUNKED}${chunk}`);
    const turns = async (condition: () => boolean): Promise<void> => {
      for (const last = Date.now() + 30_000; !condition(); ) {
        if (Date.now() > last) throw new Error('what was waited for did not happen');
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await turns(() => text().includes('too large') && end!.writableFinished);
    jest.advanceTimersByTime(LINGER_MS - 1);
    expect(end!.destroyed).toBe(false);
    jest.advanceTimersByTime(1);
    await turns(() => end!.closed);
    expect(LINGER_MS).toBe(5_000);
  });
});
