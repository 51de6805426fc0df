import { createServer, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Front, type FrontLimits, putFront } from '../../../src/engine/answer/front.ts';
import { parsePlainGet } from '../../../src/engine/worker/plain-get.ts';
import { seeded } from '../cache/fixtures/random.ts';

let server: Server | undefined;
const clients: net.Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  server?.closeAllConnections();
  server?.close();
});

interface Place {
  port: number;
  front: Front;
  /** Requests that node:http saw, as `METHOD target body`. */
  parsed: string[];
}

/** A quick answer for plain GETs of `/quick...`; all else goes to node:http. */
async function place(limits: Partial<FrontLimits> = {}, quickBody = 'quick'): Promise<Place> {
  const parsed: string[] = [];
  const made = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      parsed.push(`${request.method} ${request.url} ${body}`);
      response.end(`node ${request.url};`);
    });
  });
  server = made;
  const front = putFront(made, { headerTimeoutMs: 10_000, keepAliveMs: 10_000, ...limits }, (chunk) => {
    const get = parsePlainGet(chunk);
    if (get === undefined || !get.target.startsWith('/quick')) return undefined;
    const body = Buffer.from(`${quickBody} ${get.target};`);
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`;
    return { head: Buffer.from(head), body: get.target === '/quick/none' ? undefined : body, close: get.close };
  });
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return { port: (made.address() as AddressInfo).port, front, parsed };
}

interface Client {
  socket: net.Socket;
  text: () => string;
  closed: Promise<void>;
  /** Waits until what has come holds a text, at most 5 s. */
  sees: (expected: string) => Promise<void>;
}

function connect(port: number): Promise<Client> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(client));
    clients.push(socket);
    let text = '';
    const heard = new Set<() => void>();
    const tell = (): void => {
      for (const one of heard) one();
    };
    socket.on('data', (chunk) => {
      text += String(chunk);
      tell();
    });
    socket.on('error', () => {});
    const client: Client = {
      socket,
      text: () => text,
      closed: new Promise((done) => socket.on('close', () => done())),
      sees: (expected) =>
        new Promise((found, lost) => {
          const timer = setTimeout(() => lost(new Error(`not seen: ${expected}; but ${text}`)), 5_000);
          const look = (): void => {
            if (!text.includes(expected)) return;
            clearTimeout(timer);
            heard.delete(look);
            found();
          };
          heard.add(look);
          look();
        }),
    };
  });
}

const get = (target: string, more = ''): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const bodies = (text: string): string[] => text.match(/(?:quick|node) [^;]*;/g) ?? [];

describe('before the HTTP parser', () => {
  test('plain requests are answered one after another on a connection, without node:http', async () => {
    const { port, parsed } = await place();
    const client = await connect(port);
    for (let n = 0; n < 20; n++) {
      client.socket.write(get(`/quick/${n}`));
      await client.sees(`quick /quick/${n};`);
    }
    expect(parsed).toEqual([]);
  });

  test('with the first request that is not plain the connection goes to node:http, for good', async () => {
    const { port, parsed } = await place();
    const client = await connect(port);
    client.socket.write(get('/quick/1'));
    await client.sees('quick /quick/1;');
    client.socket.write('POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel');
    client.socket.write('lo');
    await client.sees('node /form;');
    client.socket.write(get('/quick/2'));
    await client.sees('node /quick/2;');
    expect(parsed).toEqual(['POST /form hello', 'GET /quick/2 ']);
    expect(bodies(client.text())).toEqual(['quick /quick/1;', 'node /form;', 'node /quick/2;']);
  });

  test('requests in one packet are answered by node:http, in order', async () => {
    const { port } = await place();
    const client = await connect(port);
    client.socket.write(get('/quick/1') + get('/quick/2') + get('/b'));
    await client.sees('node /b;');
    expect(bodies(client.text())).toEqual(['node /quick/1;', 'node /quick/2;', 'node /b;']);
  });

  test('a request in pieces, byte by byte, arrives whole', async () => {
    const { port, parsed } = await place();
    const client = await connect(port);
    for (const byte of get('/quick/pieces', 'X-A: b\r\n')) {
      client.socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.sees('node /quick/pieces;');
    expect(parsed).toEqual(['GET /quick/pieces ']);
  });

  test.each([1, 2, 3])('sequences cut at any place get every answer once and in order (seed %d)', async (seed) => {
    const random = seeded(seed);
    const { port } = await place();
    for (let round = 0; round < 20; round++) {
      const client = await connect(port);
      const expected: string[] = [];
      let bytes = '';
      for (let n = 0; n < 6; n++) {
        const target = `/${random() < 0.7 ? 'quick' : 'other'}/${round}-${n}`;
        const post = random() < 0.2;
        expected.push(target);
        bytes += post ? `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc` : get(target);
      }
      while (bytes !== '') {
        // As often as not at the end of a request.
        const end = bytes.indexOf('\r\n\r\n') + 4;
        const cut = random() < 0.6 ? end : 1 + Math.floor(random() * bytes.length);
        client.socket.write(bytes.slice(0, cut));
        bytes = bytes.slice(cut);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await client.sees(`${expected.at(-1)};`);
      expect(bodies(client.text()).map((body) => body.split(' ')[1])).toEqual(expected.map((target) => `${target};`));
      client.socket.destroy();
    }
  });

  test('what node:http finds wrong it answers itself', async () => {
    const { port } = await place();
    const client = await connect(port);
    client.socket.write('RUBBISH\r\n\r\n');
    await client.closed;
    expect(client.text()).toContain('400 Bad Request');
  });

  test('an answer that closes is the last', async () => {
    const { port } = await place();
    const client = await connect(port);
    client.socket.write(get('/quick', 'Connection: close\r\n'));
    await client.closed;
    expect(bodies(client.text())).toEqual(['quick /quick;']);
  });

  test('a client that ends its side after asking still gets its answer', async () => {
    const { port } = await place();
    const client = await connect(port);
    client.socket.end(get('/quick'));
    await client.closed;
    expect(bodies(client.text())).toEqual(['quick /quick;']);
  });
});

describe('limits before the HTTP parser', () => {
  test('a connection that says nothing is closed after the header time-out', async () => {
    const { port } = await place({ headerTimeoutMs: 50 });
    await (await connect(port)).closed;
  });

  test('a connection that asks no more is closed after the keep-alive time-out, not the shorter one of the head', async () => {
    const { port } = await place({ headerTimeoutMs: 30, keepAliveMs: 300 });
    const client = await connect(port);
    client.socket.write(get('/quick/1'));
    await client.sees('quick /quick/1;');
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.socket.write(get('/quick/2'));
    await client.sees('quick /quick/2;');
    await client.closed;
  });

  test('a client that asks and does not read gets no answers without end', async () => {
    const { port } = await place({}, 'x'.repeat(200_000));
    const accepted = new Promise<net.Socket>((resolve) => server!.once('connection', resolve));
    const client = await connect(port);
    const socket = await accepted;
    client.socket.pause();
    let asked = 0;
    // One request at a time, so that each stays plain; the kernel takes some megabytes of answers.
    while (!socket.isPaused() && asked < 1_000) {
      const before = socket.bytesRead;
      client.socket.write(get('/quick'));
      asked += 1;
      while (socket.bytesRead === before) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(socket.isPaused()).toBe(true);
    const held = socket.writableLength;
    expect(held).toBeLessThan(2 * 200_100);
    for (let n = 0; n < 100; n++) client.socket.write(get('/quick'));
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(socket.writableLength).toBe(held);
    client.socket.resume();
    await client.sees('node /quick;');
  });

  test('a leaving server closes those that wait for a next request, and lets those that have not asked yet ask', async () => {
    const { port, front } = await place();
    const [idle, fresh] = [await connect(port), await connect(port)];
    idle.socket.write(get('/quick'));
    await idle.sees('quick /quick;');
    front.closeIdle();
    await idle.closed;
    fresh.socket.write(get('/other'));
    await fresh.sees('node /other;');
    const last = await connect(port);
    last.socket.write(get('/quick'));
    await last.sees('quick /quick;');
    front.closeAll();
    await last.closed;
  });
});
