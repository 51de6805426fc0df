import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  type BodyOutcome,
  BodyReader,
  type BodyReaderOptions,
  hasBody,
} from '../../../src/engine/request/body-reader.ts';
import { until } from './fixtures/worker.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A server that reads each body first; the answer is what was read afterwards, or why it was not. */
async function serve(options: Partial<BodyReaderOptions> = {}, limit = 1_000) {
  const bodies = new BodyReader({ timeoutMs: 60_000, ...options });
  const outcomes: BodyOutcome[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    bodies.read(request, limit, (outcome) => {
      outcomes.push(outcome);
      if (outcome !== 'complete') {
        response.end(outcome);
        return;
      }
      // As a site that begins to read later, in another turn of the loop.
      setTimeout(async () => {
        let text = '';
        for await (const part of request) text += part;
        response.end(`read ${text.length} ${text.slice(0, 20)}`);
      }, 5);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const post = (path = '/'): { socket: Socket; answer: () => string } => {
    const socket = connect(port, '127.0.0.1');
    open.push(() => socket.destroy());
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', () => {});
    socket.write(`POST ${path} HTTP/1.1\r\nHost: test\r\n`);
    return { socket, answer: () => answer };
  };
  return { bodies, outcomes, post };
}

describe('a body', () => {
  test.each([
    ['Content-Length: 10\r\n\r\n', '0123456789'],
    ['Transfer-Encoding: chunked\r\n\r\n', 'a\r\n0123456789\r\n0\r\n\r\n'],
  ])('is read before its request goes on, and is all there afterwards (%#)', async (head, body) => {
    const { bodies, outcomes, post } = await serve();
    const { socket, answer } = post();
    socket.write(head + body.slice(0, 5));
    await until(() => bodies.reading === 1);
    expect(outcomes).toEqual([]);
    socket.write(body.slice(5));
    await until(() => answer().includes('read 10 0123456789'));
    expect(outcomes).toEqual(['complete']);
    await until(() => bodies.heldBytes === 0);
    expect(bodies.reading).toBe(0);
    // The connection goes on.
    socket.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi');
    await until(() => answer().includes('read 2 hi'));
  });

  test('of many parts is whole', async () => {
    const { post, bodies } = await serve({}, 1_000_000);
    const { socket, answer } = post();
    socket.write('Content-Length: 500000\r\n\r\n');
    for (let n = 0; n < 50; n++) socket.write('x'.repeat(10_000));
    await until(() => answer().includes('read 500000'));
    await until(() => bodies.heldBytes === 0);
  });

  test('larger than it may be is told while the rest still comes', async () => {
    const { outcomes, post, bodies } = await serve();
    const { socket, answer } = post();
    socket.write('Transfer-Encoding: chunked\r\n\r\n');
    for (let n = 0; n < 5; n++) socket.write(`190\r\n${'x'.repeat(400)}\r\n`);
    await until(() => answer().includes('too_large'));
    expect(outcomes).toEqual(['too_large']);
    expect([bodies.reading, bodies.heldBytes]).toEqual([0, 0]);
  });

  test('slower than the least rate is told so; one that keeps up is not', async () => {
    const { outcomes, post } = await serve({ graceMs: 1 });
    const slow = post();
    slow.socket.write('Content-Length: 100\r\n\r\n1');
    const quick = post();
    quick.socket.write('Content-Length: 900\r\n\r\n');
    let parts = 0;
    const feeding = setInterval(() => parts++ < 10 && quick.socket.write('x'.repeat(90)), 150);
    open.push(() => clearInterval(feeding));
    await until(() => slow.answer().includes('too_slow'));
    await until(() => quick.answer().includes('read 900'));
    expect(outcomes.toSorted()).toEqual(['complete', 'too_slow']);
  });

  test('is over when its time is over, whatever its rate', async () => {
    const { outcomes, post } = await serve({ timeoutMs: 500 }, 10_000_000);
    const { socket, answer } = post();
    socket.write('Content-Length: 9000000\r\n\r\n');
    const feeding = setInterval(() => socket.write('x'.repeat(9_000)), 20);
    open.push(() => clearInterval(feeding));
    await until(() => answer().includes('too_slow'));
    expect(outcomes).toEqual(['too_slow']);
  });

  test('finds no room when all together hold too much; others go on when there is room again', async () => {
    const { bodies, outcomes, post } = await serve({ maxHeldBytes: 1_500 });
    const first = post();
    first.socket.write(`Content-Length: 1000\r\n\r\n${'x'.repeat(900)}`);
    await until(() => bodies.heldBytes === 900);
    const second = post();
    second.socket.write(`Content-Length: 1000\r\n\r\n${'x'.repeat(900)}`);
    await until(() => second.answer().includes('no_room'));
    expect(bodies.heldBytes).toBe(900);
    first.socket.write('x'.repeat(100));
    await until(() => first.answer().includes('read 1000'));
    expect(outcomes).toEqual(['no_room', 'complete']);
    await until(() => bodies.heldBytes === 0);
  });

  test('whose client leaves is forgotten', async () => {
    const { bodies, outcomes, post } = await serve();
    const clients = Array.from({ length: 20 }, () => post());
    for (const { socket } of clients) socket.write('Content-Length: 100\r\n\r\n1');
    await until(() => bodies.reading === 20);
    for (const { socket } of clients) socket.destroy();
    await until(() => bodies.reading === 0);
    expect([bodies.heldBytes, outcomes]).toEqual([0, []]);
  });
});

test('what has a body is told from the head', () => {
  const of = (headers: Record<string, string>): boolean => hasBody({ headers } as unknown as IncomingMessage);
  expect([of({}), of({ 'content-length': '0' })]).toEqual([false, false]);
  expect([of({ 'content-length': '1' }), of({ 'transfer-encoding': 'chunked' })]).toEqual([true, true]);
});
