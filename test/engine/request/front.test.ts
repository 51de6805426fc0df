import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { HALF_CLOSE_MS } from '../../../src/engine/request/connection/closing.ts';
import { type Front, type FrontLimits, putFront } from '../../../src/engine/request/connection/front.ts';
import { missingParts } from '../../../src/engine/request/connection/node-parts.ts';
import { seeded } from '../cache/fixtures/random.ts';
import { holdClock } from './fixtures/clock.ts';
import { until } from './fixtures/worker.ts';

let server: Server | undefined;
const clients: net.Socket[] = [];
afterEach(() => {
  jest.useRealTimers();
  for (const client of clients.splice(0)) client.destroy();
  server?.closeAllConnections();
  server?.close();
});

interface Place {
  port: number;
  front: Front;
  /** Requests that the listener answered, as `METHOD target body`. */
  heard: string[];
  /** The server's ends of the connections. */
  accepted: net.Socket[];
}

const echo =
  (heard: string[]): RequestListener =>
  (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      heard.push(`${request.method} ${request.url} ${body}`);
      response.end(`node ${request.url};`);
    });
  };

/** A quick answer for plain GETs of `/quick...`; all else goes to the listener. */
async function place(
  limits: Partial<FrontLimits> = {},
  quickBody = 'quick',
  listener?: RequestListener,
): Promise<Place> {
  const heard: string[] = [];
  const made = createServer(listener ?? echo(heard));
  server = made;
  const front = putFront(made, { headerTimeoutMs: 10_000, keepAliveMs: 10_000, ...limits }, (get) => {
    if (!get.target.startsWith('/quick')) return undefined;
    const body = Buffer.from(`${quickBody} ${get.target};`);
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`;
    return { head: Buffer.from(head), body: get.target === '/quick/none' ? undefined : body, close: get.close };
  });
  const accepted: net.Socket[] = [];
  made.on('connection', (socket: net.Socket) => accepted.push(socket));
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return { port: (made.address() as AddressInfo).port, front, heard, accepted };
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
/** Whether node:http has put its parser on a connection. */
const readByNode = (socket: net.Socket): boolean => (socket as { parser?: unknown }).parser !== undefined;
const bodies = (text: string): string[] => text.match(/(?:quick|node) [^;]*;/g) ?? [];

describe('before the HTTP parser', () => {
  test('plain requests are answered one after another on a connection, without node:http', async () => {
    const { port, heard } = await place();
    const client = await connect(port);
    for (let n = 0; n < 20; n++) {
      client.socket.write(get(`/quick/${n}`));
      await client.sees(`quick /quick/${n};`);
    }
    expect(heard).toEqual([]);
  });

  test('with the first request that is not plain the connection goes to node:http, for good', async () => {
    const { port, heard } = await place();
    const client = await connect(port);
    client.socket.write(get('/quick/1'));
    await client.sees('quick /quick/1;');
    client.socket.write('POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel');
    client.socket.write('lo');
    await client.sees('node /form;');
    client.socket.write(get('/quick/2'));
    await client.sees('node /quick/2;');
    expect(heard).toEqual(['POST /form hello', 'GET /quick/2 ']);
    expect(bodies(client.text())).toEqual(['quick /quick/1;', 'node /form;', 'node /quick/2;']);
  });

  test('a plain request that gets no quick answer goes to the listener, and the connection stays', async () => {
    const { port, heard, accepted } = await place();
    const client = await connect(port);
    for (const target of ['/quick/1', '/a', '/quick/2', '/b', '/quick/3']) {
      client.socket.write(get(target));
      await client.sees(`${target};`);
    }
    expect(bodies(client.text())).toEqual([
      'quick /quick/1;',
      'node /a;',
      'quick /quick/2;',
      'node /b;',
      'quick /quick/3;',
    ]);
    expect(heard).toEqual(['GET /a ', 'GET /b ']);
    expect(accepted).toHaveLength(1);
    expect(readByNode(accepted[0]!)).toBe(false);
    client.socket.write('POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    await client.sees('node /c;');
    expect(readByNode(accepted[0]!)).toBe(true);
  });

  test('requests in one packet are answered one after another, in order', async () => {
    const { port, accepted } = await place();
    const client = await connect(port);
    client.socket.write(get('/quick/1') + get('/quick/2') + get('/b') + get('/quick/3'));
    await client.sees('quick /quick/3;');
    expect(bodies(client.text())).toEqual(['quick /quick/1;', 'quick /quick/2;', 'node /b;', 'quick /quick/3;']);
    expect(readByNode(accepted[0]!)).toBe(false);
    client.socket.write(
      `${get('/quick/4')}POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi${get('/quick/5')}`,
    );
    await client.sees('node /quick/5;');
    expect(bodies(client.text()).slice(4)).toEqual(['quick /quick/4;', 'node /c;', 'node /quick/5;']);
  });

  test('many requests ahead keep no other visitor waiting', async () => {
    const { port } = await place();
    const many = await connect(port);
    const other = await connect(port);
    many.socket.write(get('/quick/many').repeat(1_000));
    await many.sees('/quick/many;');
    other.socket.write(get('/quick/other'));
    await other.sees('/quick/other;');
    expect(bodies(many.text()).length).toBeLessThan(1_000);
    await until(() => bodies(many.text()).length === 1_000);
  });

  test('a request in pieces, byte by byte, arrives whole', async () => {
    const { port, heard } = await place();
    const client = await connect(port);
    for (const byte of get('/quick/pieces', 'X-A: b\r\n')) {
      client.socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.sees('node /quick/pieces;');
    expect(heard).toEqual(['GET /quick/pieces ']);
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

describe('a plain request that goes to the listener', () => {
  const seen = ({
    method,
    url,
    httpVersion,
    headers,
    headersDistinct,
    rawHeaders,
    trailers,
    ...rest
  }: IncomingMessage) => ({
    ...{ method, url, httpVersion, headers, headersDistinct, rawHeaders, trailers },
    ...{ major: rest.httpVersionMajor, minor: rest.httpVersionMinor, upgrade: (rest as { upgrade?: boolean }).upgrade },
  });

  test.each([
    '',
    'Cookie: a=1; b=2\r\nUser-Agent:  spaced \t \r\nX-Empty:\r\nAccept: text/html\r\n',
    'X-Twice: a\r\nx-twice: b\r\nReferer: /a\r\nreferer: /b\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n',
    'Connection: keep-alive\r\nconstructor: x\r\n',
    'Connection: close\r\n',
  ])('looks as it does from node:http, and so does its answer: %j', async (headers) => {
    const requests: ReturnType<typeof seen>[] = [];
    const { port, accepted } = await place({}, '', (request, response) => {
      requests.push(seen(request));
      response.end('node;');
    });
    const [direct, parsed] = [await connect(port), await connect(port)];
    const text = get('/a?b=%20c', headers);
    direct.socket.write(text);
    await direct.sees('node;');
    parsed.socket.write(text.slice(0, 7));
    await until(() => accepted[1]!.bytesRead === 7);
    parsed.socket.write(text.slice(7));
    await parsed.sees('node;');
    if (!headers.includes('close')) expect(accepted.map(readByNode)).toEqual([false, true]);
    expect(requests[0]).toEqual(requests[1]);
    const undated = (answer: string): string => answer.replace(/Date: [^\r]*/, '').replace(/timeout=\d+/, '');
    expect(undated(direct.text())).toBe(undated(parsed.text()));
  });

  test('ends with all its events, request and answer', async () => {
    const events: string[] = [];
    const { port } = await place({}, '', (request, response) => {
      request.on('close', () => events.push('request closed'));
      response.on('finish', () => events.push('finished'));
      response.on('close', () => events.push(`closed ${response.writableFinished} ${response.destroyed}`));
      response.end('node;');
    });
    const client = await connect(port);
    client.socket.write(get('/a'));
    await client.sees('node;');
    await until(() => events.length === 3);
    expect(events.sort()).toEqual(['closed true true', 'finished', 'request closed']);
  });

  test('is told when its client goes away before the answer', async () => {
    const events: string[] = [];
    const { port } = await place({}, '', (request, response) => {
      request.signal.addEventListener('abort', () => events.push('aborted'));
      request.on('close', () => events.push('request closed'));
      response.on('close', () => events.push(`closed ${response.writableFinished}`));
      events.push('asked');
    });
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      events.length = 0;
      const client = await connect(port);
      client.socket.write(get('/a'));
      await until(() => events.includes('asked'));
      // A FIN right behind the request would only say that no more is asked.
      if (leave === 'end') await new Promise((resolve) => setTimeout(resolve, HALF_CLOSE_MS + 20));
      client.socket[leave]();
      await until(() => events.length === 4);
      expect(events.sort()).toEqual(['aborted', 'asked', 'closed false', 'request closed']);
    }
  });

  test('leaves nothing on its connection', async () => {
    const signals: AbortSignal[] = [];
    const { port, accepted } = await place({}, '', (request, response) => {
      signals.push(request.signal);
      response.end(`node ${request.url};`);
    });
    const client = await connect(port);
    const listeners = (): number[] => accepted[0]!.eventNames().map((name) => accepted[0]!.listenerCount(name));
    let after: number[] = [];
    for (let n = 0; n < 20; n++) {
      client.socket.write(get(`/${n}`));
      await client.sees(`node /${n};`);
      if (n === 0) after = listeners();
    }
    expect(listeners()).toEqual(after);
    client.socket.destroy();
    await until(() => accepted[0]!.destroyed);
    expect(signals.some(({ aborted }) => aborted)).toBe(false);
  });

  test('may stream an answer that is longer than what the client has read', async () => {
    const chunk = Buffer.alloc(256 * 1024, 'x');
    let waited = 0;
    const { port } = await place({}, '', async (_request, response) => {
      for (let n = 0; n < 64; n++) {
        if (response.write(chunk)) continue;
        waited += 1;
        await once(response, 'drain');
        expect(response.writableNeedDrain).toBe(false);
      }
      response.end('node;');
    });
    const client = await connect(port);
    client.socket.write(get('/a', 'Connection: close\r\n'));
    await client.closed;
    expect(client.text().length).toBeGreaterThan(64 * chunk.length);
    expect(waited).toBeGreaterThan(0);
  });

  test('what its client sends ahead waits, in order, and no more of it is read than fits', async () => {
    let answer: (() => void) | undefined;
    const { port, accepted } = await place({}, 'quick', (request, response) => {
      const end = (): unknown => response.end(`node ${request.url};`);
      if (answer === undefined) answer = end;
      else end();
    });
    const client = await connect(port);
    client.socket.write(get('/a'));
    await until(() => answer !== undefined);
    const more = get('/quick/later', `X-A: ${'a'.repeat(1_000)}\r\n`);
    for (let n = 0; n < 2_000; n++) client.socket.write(more);
    let read = 0;
    await until(() => {
      const before = read;
      read = accepted[0]!.bytesRead;
      return read > more.length && read === before;
    });
    expect(read).toBeLessThan(3 * 65_536);
    expect(bodies(client.text())).toEqual([]);
    answer!();
    await until(() => bodies(client.text()).length === 2_001);
    expect(bodies(client.text())[0]).toBe('node /a;');
  });

  test('may set a time-out of its own; without one nothing cuts it', async () => {
    const { port } = await place({ headerTimeoutMs: 30, keepAliveMs: 30 }, '', (request, response) => {
      if (request.url === '/own') response.setTimeout(20, () => response.end('timed out;'));
      else setTimeout(() => response.end('node;'), 150);
    });
    const client = await connect(port);
    client.socket.write(get('/long'));
    await client.sees('node;');
    client.socket.write(get('/own'));
    await client.sees('timed out;');
  });

  test('is told to tracing tools', async () => {
    const told: string[] = [];
    const onStart = (): number => told.push('start');
    const onFinish = (): number => told.push('finish');
    subscribe('http.server.request.start', onStart);
    subscribe('http.server.response.finish', onFinish);
    try {
      const { port } = await place();
      const client = await connect(port);
      client.socket.write(get('/a'));
      await client.sees('node /a;');
      await until(() => told.length === 2);
      expect(told).toEqual(['start', 'finish']);
    } finally {
      unsubscribe('http.server.request.start', onStart);
      unsubscribe('http.server.response.finish', onFinish);
    }
  });
});

describe('where node:http lacks what it needs', () => {
  test('every part that is missing is named', () => {
    expect(missingParts()).toEqual([]);
    const bare = function bare() {} as unknown;
    expect(missingParts(bare as typeof IncomingMessage, bare as typeof ServerResponse)).toEqual([
      'IncomingMessage._addHeaderLines',
      'IncomingMessage.complete',
      'IncomingMessage.upgrade',
      'IncomingMessage[kDetachAbortSignal]',
      'ServerResponse.assignSocket',
      'ServerResponse.detachSocket',
      'ServerResponse.shouldKeepAlive',
      'ServerResponse._keepAliveTimeout',
      'ServerResponse._last',
      'ServerResponse._closed',
      'ServerResponse._flush',
    ]);
  });

  test('node:http reads the plain requests that the site answers, and those at hand are quick as ever', async () => {
    const heard: string[] = [];
    const made = createServer(echo(heard));
    server = made;
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nquick;');
    putFront(
      made,
      { headerTimeoutMs: 10_000, keepAliveMs: 10_000 },
      ({ target, close }) => (target === '/quick' ? { head: bytes, body: undefined, close } : undefined),
      ['IncomingMessage._addHeaderLines'],
    );
    const accepted = once(made, 'connection') as Promise<[net.Socket]>;
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    const client = await connect((made.address() as AddressInfo).port);
    const [socket] = await accepted;
    client.socket.write(get('/quick'));
    await client.sees('quick;');
    expect(readByNode(socket)).toBe(false);
    client.socket.write(get('/a') + get('/b'));
    await client.sees('node /b;');
    expect(readByNode(socket)).toBe(true);
    expect(heard).toEqual(['GET /a ', 'GET /b ']);
  });
});

describe('limits before the HTTP parser', () => {
  test('a connection that says nothing is closed after the header time-out', async () => {
    const { port } = await place({ headerTimeoutMs: 50 });
    await (await connect(port)).closed;
  });

  test('a connection that asks no more is closed after the keep-alive time-out, not the shorter one of the head', async () => {
    // Only the clock of the looks at what is due: sockets are real.
    holdClock('intervals');
    const { port, accepted } = await place({ headerTimeoutMs: 30, keepAliveMs: 300 });
    const client = await connect(port);
    for (const target of ['/quick/1', '/quick/2']) {
      client.socket.write(get(target));
      await client.sees(`quick ${target};`);
      jest.advanceTimersByTime(300);
      expect(accepted[0]!.destroyed).toBe(false);
    }
    // With the second that is given to what is on its way.
    jest.advanceTimersByTime(1_100);
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
    for (let n = 0; n < 20; n++) client.socket.write(get('/quick'));
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(socket.writableLength).toBe(held);
    client.socket.resume();
    const all = (asked + 20) * (socket.bytesWritten / asked);
    await until(() => client.text().length === all);
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
