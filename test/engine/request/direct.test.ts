import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { currentRequest } from '../../../src/engine/current-request.ts';
import { budget } from '../../../src/engine/request/connection/haste.ts';
import { requestInfoOf } from '../../../src/engine/request-info.ts';
import type { RequestInfo, RoutePolicy } from '../../../src/engine/site.ts';
import { holdClock } from './fixtures/clock.ts';
import {
  closeGate,
  type Listener,
  startWorker,
  type TestWorker,
  until,
  type WorkerOptions,
} from './fixtures/worker.ts';

let worker: TestWorker | undefined;
const start = async (
  handler: Listener,
  { policies, ...more }: Omit<WorkerOptions, 'site'> & { policies?: RoutePolicy[] } = {},
): Promise<TestWorker> => {
  worker = await startWorker({ site: { handler, ...(policies === undefined ? {} : { policies }) }, ...more });
  return worker;
};
afterEach(() => worker?.close());

// The clock by which the engine counts deadlines and pauses.
const passMs = (ms: number): void => void jest.advanceTimersByTime(ms);

/** Sends requests on one connection and gives all that comes back until it holds `answers` heads, or is closed. */
function talk(port: number, texts: string[], answers = texts.length): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    let text = '';
    let next = 1;
    const socket = net.connect(port, '127.0.0.1', () => socket.write(texts[0]!));
    const heads = (): number => text.split('HTTP/1.1 ').length - 1;
    socket.on('data', (chunk) => {
      text += String(chunk);
      while (next < texts.length && heads() >= next) socket.write(texts[next++]!);
      if (heads() >= answers && text.includes('\r\n\r\n')) {
        resolve({ text, closed: false });
        socket.destroy();
      }
    });
    socket.on('close', () => resolve({ text, closed: true }));
    socket.on('error', () => {});
  });
}

const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe('a request that the site answers for one visitor', () => {
  test.each([true, false])('has the trace that its client told, read by the engine or not: %s', async (quick) => {
    const seen: (string | undefined)[] = [];
    const { get } = await start(
      (_request, response) => {
        seen.push(currentRequest.getStore()?.trace?.id);
        response.end();
      },
      { quick },
    );
    const id = '4bf92f3577b34da6a3ce929d0e0e4736';
    await get('/', { headers: { TraceParent: `00-${id}-00f067aa0ba902b7-01` } });
    await get('/');
    expect(seen).toEqual([id, undefined]);
  });

  test('gets the site’s answer, with the headers that every answer carries', async () => {
    const { get } = await start((_request, response) => response.writeHead(201, { 'x-a': 'b' }).end('made'));
    expect(await get('/')).toMatchObject({ status: 201, body: 'made', headers: { 'x-a': 'b' } });
    expect((await get('/')).headers['x-tahan-process']).toBe('worker-1');
  });

  test.each([
    [
      'throws at once',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('gets a 500 when the listener %s, with nothing of what it had set', async (_how, break_) => {
    const { get, siteErrors } = await start((_request, response) => {
      response.statusMessage = 'Fine';
      response.setHeader('content-length', '1000');
      response.setHeader('set-cookie', 'a=b');
      response.setHeader('cache-control', 'public, max-age=600');
      return break_();
    });
    const answer = await get('/');
    expect(answer).toMatchObject({ status: 500, message: 'Internal Server Error' });
    expect(answer.body).toContain('Something went wrong');
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers['cache-control']).toBeUndefined();
    expect(answer.headers['x-tahan-process']).toBe('worker-1');
    expect(siteErrors).toHaveLength(1);
  });

  test('loses the connection when the listener fails in the middle of its answer', async () => {
    const { get, siteErrors } = await start(async (_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
      await wait(5);
      throw new Error('broken');
    });
    await expect(get('/')).rejects.toThrow();
    expect(siteErrors).toHaveLength(1);
  });

  test('keeps its whole answer when the listener fails after it', async () => {
    const big = 'x'.repeat(3_000_000);
    const { get, siteErrors } = await start(async (_request, response) => {
      response.end(big);
      throw new Error('afterwards');
    });
    expect((await get('/')).body.length).toBe(big.length);
    expect(siteErrors).toHaveLength(1);
  });
});

test('a form that the gate refuses is told that it was not taken, and its page does not reload itself', async () => {
  const server = await start((_request, response) => response.end('ok'));
  const open = await closeGate(server);
  const form = await server.get('/', { method: 'POST' });
  expect([form.status, form.headers.refresh]).toEqual([503, undefined]);
  expect(form.body).toContain('what you sent was not taken');
  const page = await server.get('/');
  expect([page.status, page.headers.refresh]).toEqual([503, page.headers['retry-after']]);
  expect(page.body).toContain('Try now');
  open();
});

describe('the deadline', () => {
  const DEADLINE_MS = 30;
  const policies = [{ route: '/slow', deadlineMs: DEADLINE_MS }, { route: '/none', deadlineMs: 0 }, { route: '/' }];
  beforeEach(() => holdClock('timeouts'));
  afterEach(() => void jest.useRealTimers());

  /** The deadline passes while the site works on a request. */
  const passDeadline = async ({ dispatcher }: TestWorker): Promise<void> => {
    await until(() => dispatcher.inFlight === 1);
    passMs(DEADLINE_MS);
  };

  test('tells a form that was begun that it was perhaps not taken, and its page does not reload itself', async () => {
    const server = await start(() => {}, { policies });
    const asking = server.get('/slow', { method: 'POST' });
    await passDeadline(server);
    const answer = await asking;
    expect([answer.status, answer.headers.refresh]).toEqual([503, undefined]);
    expect(answer.body).toContain('what you sent was perhaps not taken');
  });

  test('gives the waiting page, and the signal tells the site why', async () => {
    let reason: unknown;
    const server = await start(
      (request, response) => {
        response.statusMessage = 'Fine';
        response.setHeader('x-site', '1');
        requestInfoOf(request).signal.addEventListener('abort', () => {
          reason = requestInfoOf(request).signal.reason;
        });
      },
      { policies },
    );
    const asking = server.get('/slow');
    await passDeadline(server);
    const answer = await asking;
    expect(answer).toMatchObject({ status: 503, message: 'Service Unavailable' });
    expect(answer.headers['retry-after']).toMatch(/^[1-5]$/);
    expect(answer.headers['x-site']).toBeUndefined();
    expect(reason).toMatchObject({ code: 'DEADLINE' });
  });

  test('a site that gives up when told costs its visitor no connection, and counts as no failure of the site', async () => {
    const server = await start(
      (request, response) => {
        if (request.url === '/') return response.end('next');
        // Rejects with an AbortError, as fetch and timers do.
        return wait(10_000, undefined, { signal: requestInfoOf(request).signal });
      },
      { policies },
    );
    const asking = talk(server.port, [GET('/slow'), GET('/')]);
    await passDeadline(server);
    const { text, closed } = await asking;
    expect(closed).toBe(false);
    expect(text).toContain('503 Service Unavailable');
    expect(text).toContain('200 OK');
    expect(server.siteErrors).toEqual([]);
  });

  test('what the site does too late changes nothing; a failure of its own is told', async () => {
    let late: (() => void) | undefined;
    const server = await start(
      async (request, response) => {
        if (request.url === '/') return response.end('next');
        await new Promise<void>((resolve) => {
          late = resolve;
        });
        response.setHeader('x', 'y');
        response.setHeaders(new Map([['x', 'y']]));
        response.writeEarlyHints({ link: '</a>; rel=preload' });
        response.writeContinue();
        response.writeProcessing();
        response.writeHead(200, { 'content-length': '4' });
        response.flushHeaders();
        response.write('late');
        response.addTrailers({ a: 'b' });
        response.end('late', () => {});
        response.destroy();
        throw new TypeError('its own');
      },
      { policies },
    );
    const asking = talk(server.port, [GET('/slow'), GET('/')]);
    await passDeadline(server);
    late!();
    const { text, closed } = await asking;
    expect(closed).toBe(false);
    expect(text).not.toContain('late');
    expect(text.split('HTTP/1.1 ')).toHaveLength(3);
    await until(() => server.siteErrors.length > 0);
    expect(server.siteErrors).toMatchObject([{ message: 'its own' }]);
  });

  test('is met by an answer whose head is out: it goes on as a stream and gives its place back', async () => {
    let finish: (() => void) | undefined;
    const server = await start(
      (_request, response) => {
        response.writeHead(200).write('half, ');
        finish = () => response.end('and the rest');
      },
      { policies },
    );
    const asking = server.get('/slow');
    await passDeadline(server);
    expect([server.dispatcher.streams, server.dispatcher.inFlight]).toEqual([1, 0]);
    finish?.();
    expect(await asking).toMatchObject({ status: 200, body: 'half, and the rest' });
    await until(() => server.dispatcher.streams === 0);
  });

  test('cuts an answer that is half written where no more streams may be open', async () => {
    const server = await start((_request, response) => response.writeHead(200).write('half'), {
      policies,
      maxStreams: 0,
    });
    const cut = expect(server.get('/slow')).rejects.toThrow();
    await passDeadline(server);
    expect(server.dispatcher.streams).toBe(0);
    await cut;
  });

  test('leaves alone an answer that the site has finished and the visitor is still reading, and gives its place back', async () => {
    const size = 30_000_000;
    const server = await start((_request, response) => response.end(Buffer.alloc(size, 'x')), { policies });
    const received = await new Promise<number>((resolve, reject) => {
      let bytes = 0;
      const socket = net.connect(server.port, '127.0.0.1', () => socket.write(GET('/slow')));
      socket.pause();
      passDeadline(server)
        .then(() => until(() => server.dispatcher.completed === 1))
        .then(() => socket.resume(), reject);
      socket.on('data', (chunk) => {
        bytes += chunk.length;
        if (bytes > size) socket.destroy();
      });
      socket.on('close', () => resolve(bytes));
    });
    expect(received).toBeGreaterThan(size);
    expect(server.dispatcher.inFlight).toBe(0);
  });

  test('of 0 is none', async () => {
    let finish: (() => void) | undefined;
    const server = await start(
      (request, response) => {
        expect(requestInfoOf(request).remainingMs()).toBe(Number.POSITIVE_INFINITY);
        finish = () => response.end('in its time');
      },
      { policies, deadlineMs: 20 },
    );
    const asking = server.get('/none');
    await until(() => finish !== undefined);
    passMs(3_600_000);
    finish!();
    expect(await asking).toMatchObject({ status: 200, body: 'in its time' });
  });
});

describe('a visitor who leaves', () => {
  afterEach(() => void jest.useRealTimers());

  test('aborts the work, and what the site writes then raises nothing', async () => {
    const reasons: unknown[] = [];
    const server = await start(async (request, response) => {
      const { signal } = requestInfoOf(request);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      reasons.push(signal.reason);
      response.setHeader('a', 'b');
      response.end('too late');
      throw signal.reason;
    });
    const leaving = new AbortController();
    const asked = server.get('/', { signal: leaving.signal });
    await until(() => server.dispatcher.inFlight === 1);
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await until(() => server.dispatcher.inFlight === 0 && reasons.length === 1);
    expect(reasons).toMatchObject([{ code: 'CLIENT_GONE' }]);
    expect(server.siteErrors).toEqual([]);
  });

  test('while queued never reaches the site', async () => {
    const asked: string[] = [];
    // On a busy machine the later ones come after the usual bounds: of the gate, and of how long one waits for a place.
    holdClock('timeouts');
    const server = await start((request) => void asked.push(request.url!), {
      asyncLimit: 1,
      gateMs: 10_000,
      deadlineMs: 60_000,
    });
    const all = ['/1', '/2', '/3'].map((path) => {
      const leaving = new AbortController();
      return { path, leaving, gone: server.get(path, { signal: leaving.signal }).catch(() => 'gone') };
    });
    await until(() => server.works[0]!.waiting === 2);
    // Whoever is asked first: connections need not arrive in the order in which they were made.
    const [first] = asked;
    for (const { path, leaving } of all) if (path !== first) leaving.abort();
    await until(() => server.works[0]!.waiting === 0);
    for (const { leaving } of all) leaving.abort();
    await Promise.all(all.map(({ gone }) => gone));
    await until(() => server.dispatcher.inFlight === 0);
    expect(asked).toEqual([first]);
  });
});

test('a body that is announced too large gets 413 before it is read', async () => {
  const { get } = await start((_request, response) => response.end('site'), { bodyLimit: 10 });
  const answer = await get('/', {
    method: 'POST',
    headers: { 'content-length': '11', accept: 'application/json' },
  }).catch((error: Error) => error);
  expect(answer).toMatchObject({ status: 413, headers: { connection: 'close' } });
});

describe('a body of unknown length', () => {
  const ENOUGH = 'x'.repeat(100_000);
  /** Sends a chunked body of so many pieces, and gives what came back until the connection ended or `enough` was seen. */
  const send = (port: number, pieces: number, enough: RegExp): Promise<string> =>
    new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1');
      let text = '';
      const done = (): void => {
        socket.destroy();
        resolve(text);
      };
      socket.on('error', () => {});
      socket.on('close', done);
      socket.on('data', (data) => {
        text += String(data);
        if (enough.test(text)) done();
      });
      socket.write('POST / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let n = 0; n < pieces; n++) socket.write(`${ENOUGH.length.toString(16)}\r\n${ENOUGH}\r\n`);
      socket.write('0\r\n\r\n');
    });
  const echo: Listener = (request, response) => {
    let bytes = 0;
    request.on('data', (data: Buffer) => {
      bytes += data.length;
    });
    request.on('end', () => response.end(`${bytes} bytes;`));
  };

  test('within the limit reaches the site whole', async () => {
    const { port } = await start(echo, { bodyLimit: 1_000_000 });
    expect(await send(port, 10, /bytes;/)).toContain('1000000 bytes;');
  });

  test('gets 413 when it passes the limit, and the site never hears of it', async () => {
    let asked = 0;
    const server = await start(
      (request, response) => {
        asked += 1;
        return echo(request, response);
      },
      { bodyLimit: 250_000 },
    );
    expect(await send(server.port, 50, /BODY_TOO_LARGE/)).toMatch(/^HTTP\/1.1 413 /);
    expect(asked).toBe(0);
  });

  test('that the site reads itself gets 413 when it passes the limit, and the site is told to give up', async () => {
    let seen: RequestInfo | undefined;
    const server = await start(
      (request, response) => {
        seen = requestInfoOf(request);
        return echo(request, response);
      },
      { policies: [{ route: '/', body: 'stream', bodyLimit: 250_000 }] },
    );
    const answer = await send(server.port, 50, /BODY_TOO_LARGE/);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('"code":"BODY_TOO_LARGE"');
    await until(() => server.dispatcher.inFlight === 0);
    expect(seen!.signal.reason).toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(server.siteErrors).toEqual([]);
  });

  test('that goes on after the answer is cut off', async () => {
    const server = await start((_request, response) => response.end('early;'), {
      policies: [{ route: '/', body: 'stream', bodyLimit: 250_000 }],
    });
    const answer = await send(server.port, 100, /never/);
    expect(answer).toContain('early;');
    await until(() => server.dispatcher.inFlight === 0);
  });
});

describe('a body', () => {
  afterEach(() => void jest.useRealTimers());

  /** Sends a head and a part of the body; the rest on demand. */
  const begin = (port: number, head: string, first: string) => {
    const socket = net.connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => {
      text += String(data);
    });
    socket.on('error', () => {});
    socket.write(`POST /slow HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n${first}`);
    return { socket, text: () => text };
  };
  const reading: Listener = async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    response.end(`read ${body}`);
  };

  test('that is long in coming holds no place and uses up no deadline', async () => {
    holdClock('timeouts');
    const { port, dispatcher, works } = await start(reading, { policies: [{ route: '/slow', deadlineMs: 60 }] });
    const stalled = Array.from({ length: 50 }, () => begin(port, 'Content-Length: 100', '1'));
    const slow = begin(port, 'Content-Length: 5', 'he');
    await Promise.all([...stalled, slow].map(({ socket }) => once(socket, 'connect')));
    passMs(150);
    expect([dispatcher.inFlight, dispatcher.queue.length, works[0]!.inFlight]).toEqual([0, 0, 0]);
    slow.socket.write('llo');
    await until(() => slow.text().includes('read hello'));
    for (const { socket } of [...stalled, slow]) socket.destroy();
  });

  test('that a client announces with Expect is asked for after admission', async () => {
    const server = await start(reading, { policies: [{ route: '/slow', deadlineMs: 2_000 }] });
    const polite = begin(server.port, 'Content-Length: 5\r\nExpect: 100-continue', '');
    await until(() => polite.text().startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    polite.socket.write('hello');
    await until(() => polite.text().includes('read hello'));
    const open = await closeGate(server);
    const refused = begin(server.port, 'Content-Length: 5\r\nExpect: 100-continue', '');
    await until(() => refused.text().includes('503 Service Unavailable'));
    expect(refused.text()).not.toContain('100 Continue');
    expect(refused.text()).toContain('Connection: close');
    open();
    for (const { socket } of [polite, refused]) socket.destroy();
  });

  test('of a route that reads it itself reaches the site part by part', async () => {
    const { port } = await start(
      (request, response) => {
        request.once('data', (part) => response.write(`first ${part};`));
        request.once('end', () => response.end('all'));
      },
      { policies: [{ route: '/slow', body: 'stream' }] },
    );
    const upload = begin(port, 'Content-Length: 5\r\nExpect: 100-continue', '');
    await until(() => upload.text().includes('100 Continue'));
    upload.socket.write('he');
    await until(() => upload.text().includes('first he;'));
    upload.socket.write('llo');
    await until(() => upload.text().includes('all'));
    upload.socket.destroy();
  });
});

describe('a client that ignores Retry-After', () => {
  /** The first refusal, and three more that a browser may ask for. */
  const FREE_REFUSALS = 4;
  const { perSecond } = budget;
  beforeEach(() => void Object.assign(budget, { perSecond: 0, left: 0 }));
  afterEach(() => {
    jest.useRealTimers();
    Object.assign(budget, { perSecond, left: perSecond });
  });

  test('is refused at once as long as all such clients together take little of the core', async () => {
    Object.assign(budget, { perSecond: 100, left: 100 });
    const server = await start((_request, response) => response.end('site'), { quick: true });
    const open = await closeGate(server);
    let refusals = 0;
    const message = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const socket = net.connect(server.port, '127.0.0.1', () => socket.write(message));
    socket.on('data', () => {
      refusals += 1;
      socket.write(message);
    });
    socket.on('error', () => {});
    // With pauses of up to a second so many would take a minute and a half.
    await until(() => refusals >= 100);
    expect(budget.left).toBeLessThan(100);
    socket.destroy();
    open();
  });

  test.each([
    ['a plain GET', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a POST', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ])('is refused later each time, by %s', async (_name, message) => {
    holdClock('timeouts');
    const server = await start((_request, response) => response.end('site'), { quick: true });
    const open = await closeGate(server);
    let refusals = 0;
    const socket = net.connect(server.port, '127.0.0.1', () => socket.write(message));
    socket.on('data', (data) => {
      refusals += String(data).split('HTTP/1.1 503').length - 1;
      socket.write(message);
    });
    socket.on('error', () => {});
    await until(() => refusals === FREE_REFUSALS);
    for (const pauseMs of [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000]) {
      const before = refusals;
      await until(() => jest.getTimerCount() === 1);
      passMs(pauseMs - 1);
      expect([refusals, jest.getTimerCount()]).toEqual([before, 1]);
      passMs(1);
      await until(() => refusals > before);
    }
    socket.destroy();
    // Its next request waits already.
    await until(() => jest.getTimerCount() === 1);
    passMs(1_000);
    open();
  });

  test('is not made to wait behind a proxy, whose connection is not one visitor’s', async () => {
    const server = await start((_request, response) => response.end('site'), { quick: true });
    const open = await closeGate(server);
    const message = 'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n';
    let refusals = 0;
    const socket = net.connect(server.port, '127.0.0.1', () => socket.write(message));
    socket.on('data', (data) => {
      refusals += String(data).split('HTTP/1.1 503').length - 1;
      socket.write(message);
    });
    socket.on('error', () => {});
    // With pauses so many would take half a minute.
    await until(() => refusals >= 40);
    socket.destroy();
    open();
  });
});
