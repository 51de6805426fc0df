import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startAdmin } from '../../../src/engine/primary/admin.ts';
import { createPortServer } from '../../../src/engine/request/connection/port-server.ts';
import { cutStalled, STALLED_MS } from '../../../src/engine/request/connection/stalled.ts';
import { holdClock } from './fixtures/clock.ts';
import { until } from './fixtures/worker.ts';

/** More than the kernel takes of an answer for a client that reads nothing. */
const LARGE = Buffer.alloc(16 * 2 ** 20, 'x');
const LIMITS = { headerTimeoutMs: 600_000, requestTimeoutMs: 600_000, keepAliveMs: 600_000, maxConnections: 100 };
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

let open: (net.Socket | Server)[] = [];
// Only the clock of the looks: sockets and waiting are real.
beforeEach(() => {
  holdClock('intervals');
});
afterEach(() => {
  jest.useRealTimers();
  for (const one of open) {
    if (one instanceof net.Socket) one.destroy();
    else {
      one.close();
      one.closeAllConnections();
    }
  }
  open = [];
});

interface Pair {
  client: net.Socket;
  /** The server's end. */
  socket: net.Socket;
}

/** A client that reads nothing of what it has asked for. */
async function reader(server: Server, ask = GET): Promise<Pair> {
  open.push(server);
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
  const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  open.push(client);
  client.pause();
  client.write(ask);
  return { client, socket: await accepted };
}

const large = (): Server => {
  const server = createServer((_request, response) => response.end(LARGE));
  cutStalled(server);
  return server;
};

describe('a client that takes no byte of what waits for it', () => {
  test('is cut after 30 s, and not before', async () => {
    const { socket } = await reader(large());
    await until(() => socket.writableLength > 0);
    // It is first seen at a look, and cut at a look.
    jest.advanceTimersByTime(STALLED_MS - 1);
    expect(socket.destroyed).toBe(false);
    expect(STALLED_MS).toBe(30_000);
    jest.advanceTimersByTime(STALLED_MS / 2);
    await until(() => socket.closed);
  });

  test('is cut, too, when it has left a stream that is silent; not while it hears something', async () => {
    let stream: ServerResponse | undefined;
    const onRequest = (_request: IncomingMessage, response: ServerResponse): void => {
      response.writeHead(200).write('first');
      stream = response;
    };
    const { server } = createPortServer(
      LIMITS,
      onRequest,
      () => {},
      () => undefined,
    );
    const { client, socket } = await reader(server);
    client.resume();
    await until(() => stream !== undefined);
    client.end();
    await until(() => socket.readableEnded);
    for (let n = 0; n < 10; n++) {
      jest.advanceTimersByTime(STALLED_MS / 3);
      stream!.write('more');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(socket.destroyed).toBe(false);
    jest.advanceTimersByTime(STALLED_MS * 1.5);
    await until(() => socket.closed);
  });

  test('is cut though it goes on asking', async () => {
    const { client, socket } = await reader(large());
    await until(() => socket.writableLength > 0);
    for (let n = 0; n < 10 && !socket.destroyed; n++) {
      client.write('GET /');
      await new Promise((resolve) => setTimeout(resolve, 5));
      jest.advanceTimersByTime(STALLED_MS / 5);
    }
    await until(() => socket.closed);
  });

  test('stays as long as it takes some now and then', async () => {
    const { client, socket } = await reader(large());
    await until(() => socket.writableLength > 0);
    const handle = (socket as unknown as { _handle: { writeQueueSize: number } })._handle;
    client.on('data', () => client.pause());
    for (let n = 0; n < 4; n++) {
      jest.advanceTimersByTime((STALLED_MS * 2) / 3);
      const before = handle.writeQueueSize;
      await until(() => {
        client.resume();
        return handle.writeQueueSize < before;
      });
      expect(handle.writeQueueSize).toBeGreaterThan(0);
    }
    expect(socket.destroyed).toBe(false);
  });

  test('is no client of an answer that only comes slowly', async () => {
    const server = createServer((_request, response) => response.write('first'));
    cutStalled(server);
    const { socket } = await reader(server);
    await until(() => socket.bytesWritten > 0);
    jest.advanceTimersByTime(10 * STALLED_MS);
    expect(socket.destroyed).toBe(false);
  });
});

describe('is cut', () => {
  const onRequest = (_request: unknown, response: { end: (body: Buffer) => unknown }): void => {
    response.end(LARGE);
  };

  test.each([
    ['before the HTTP parser, a page from the cache', GET],
    ['before the HTTP parser, an answer of the site', GET.replace('/', '/site')],
    ['behind it', GET.replace('GET', 'OPTIONS')],
  ])('%s', async (_where, ask) => {
    const quick = ({ target }: { target: string }) =>
      target === '/' ? { head: Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), body: LARGE, close: false } : undefined;
    const { socket } = await reader(createPortServer(LIMITS, onRequest, () => {}, quick).server, ask);
    await until(() => socket.writableLength > 0);
    jest.advanceTimersByTime(2 * STALLED_MS);
    await until(() => socket.closed);
  });

  test('at the admin port', async () => {
    const sources = {
      health: () => ({ status: 200 as const, body: '' }),
      exposition: () => Promise.resolve(String(LARGE)),
      fleet: () => ({}),
    };
    const { server } = await startAdmin('127.0.0.1', 0, [], sources);
    const { socket } = await reader(server, 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => socket.writableLength > 0);
    jest.advanceTimersByTime(2 * STALLED_MS);
    await until(() => socket.closed);
  });
});
