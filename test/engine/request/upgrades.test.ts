import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, test } from '@jest/globals';
import { createPortServer, type PortServer } from '../../../src/engine/request/connection/port-server.ts';
import { passUpgrades } from '../../../src/engine/request/connection/upgrades.ts';
import { until } from './fixtures/worker.ts';

const LIMITS = { headerTimeoutMs: 10_000, requestTimeoutMs: 10_000, keepAliveMs: 10_000, maxConnections: 100 };
const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
let place: PortServer;
const clients: net.Socket[] = [];

/** Gives back what comes on an upgraded connection. */
const echo = (_request: unknown, socket: Duplex, head: Buffer): boolean => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  if (head.length > 0) socket.unshift(head);
  socket.on('data', (bytes) => socket.write(bytes));
  return true;
};

async function serve(upgrade = echo, onSiteError: (error: unknown) => void = () => {}): Promise<number> {
  place = createPortServer(
    LIMITS,
    (request, response) => request.resume().on('end', () => response.end(request.url)),
    () => {},
    () => undefined,
  );
  passUpgrades(place, { upgrade }, 10, () => {}, onSiteError);
  await new Promise<void>((resolve) => place.server.listen(0, '127.0.0.1', resolve));
  return (place.server.address() as AddressInfo).port;
}

function connect(port: number): { socket: net.Socket; text: () => string } {
  let text = '';
  const socket = net.connect(port, '127.0.0.1').on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  clients.push(socket.on('error', () => {}));
  return { socket, text: () => text };
}

const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

afterEach(() => {
  for (const socket of clients.splice(0)) socket.destroy();
  place.leave();
});

test('what comes after an upgrade is the other protocol, whatever else node:http reads meanwhile', async () => {
  const port = await serve();
  const other = connect(port);
  other.socket.write(HEAD);
  await until(() => other.text().includes('101'));
  // Its parser goes to the next connection that node:http reads.
  const posting = connect(port);
  posting.socket.write('POST /posted HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab');
  await new Promise((resolve) => setTimeout(resolve, 50));
  other.socket.write('!!frame');
  await until(() => bodyOf(other.text()).length >= 7);
  posting.socket.write('cd');
  await until(() => posting.text().includes('/posted'));
  expect(bodyOf(other.text())).toBe('!!frame');
  expect(posting.text()).toMatch(/^HTTP\/1\.1 200 /);
});

test('what comes with the head of an upgrade is given to the site once', async () => {
  const { socket, text } = connect(await serve());
  socket.write(`${HEAD}one`);
  await until(() => bodyOf(text()) === 'one');
  socket.write('two');
  await until(() => bodyOf(text()).length >= 6);
  expect(bodyOf(text())).toBe('onetwo');
});

test('a site that throws on an upgrade loses that connection only, and is told of', async () => {
  const errors: unknown[] = [];
  const broken = (): boolean => {
    throw new Error('broken');
  };
  const port = await serve(broken, (error) => errors.push(error));
  const { socket, text } = connect(port);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(HEAD);
  await closed;
  expect([text(), errors]).toEqual(['', [new Error('broken')]]);
  const other = connect(port);
  other.socket.write('GET /well HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => bodyOf(other.text()) === '/well');
});
