import { createServer, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Downward, Upward } from '../../../src/engine/beats.ts';
import type { Link, PortHandle } from '../../../src/engine/link.ts';
import { openedSession, opensSession, sessionOf, sessionOfRequest } from '../../../src/engine/worker/session-id.ts';
import { MAX_ON_THEIR_WAY, MAX_OWN, Sessions } from '../../../src/engine/worker/sessions.ts';

const SID = 'Jrbj3xip6iBCwlvFAAAA';
const POLL = '/socket.io/?EIO=4&transport=polling&t=a';
const get = (target: string): Buffer => Buffer.from(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);

describe('the session of a request', () => {
  test('is found in the target of engine.io only', () => {
    expect(sessionOf(`${POLL}&sid=${SID}`)).toBe(SID);
    expect(sessionOf(`${POLL}&sid=${SID}&b64=1`)).toBe(SID);
    expect(sessionOf(`/page?sid=${SID}`)).toBeUndefined();
    expect(sessionOf(POLL)).toBeUndefined();
    expect(sessionOf(`${POLL}&sid=short`)).toBeUndefined();
  });

  test('is read from the request line, when that is whole and not too long', () => {
    expect(sessionOfRequest(get(`${POLL}&sid=${SID}`))).toBe(SID);
    expect(sessionOfRequest(Buffer.from(`POST ${POLL}&sid=${SID} HT`))).toBeUndefined();
    expect(sessionOfRequest(get(`${POLL}&x=${'x'.repeat(3_000)}&sid=${SID}`))).toBeUndefined();
    expect(sessionOfRequest(Buffer.from(`GET / HTTP/1.1\r\nReferer: ${POLL}&sid=${SID}\r\n\r\n`))).toBeUndefined();
  });

  test('is opened by a request without one, and named by the answer', () => {
    expect([opensSession(POLL), opensSession(`${POLL}&sid=${SID}`), opensSession('/')]).toEqual([true, false, false]);
    expect(openedSession(`0{"sid":"${SID}","upgrades":["websocket"]}`)).toBe(SID);
    expect(openedSession(`___eio[0]("0{\\"sid\\":\\"${SID}\\"}");`)).toBe(SID);
    expect(openedSession('ok')).toBeUndefined();
  });
});

const open: (Server | net.Socket)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) {
    if (one instanceof net.Socket) one.destroy();
    else one.close();
  }
});

/** Sessions of a worker, what it tells the primary, and which connections it reads itself after all. */
function set() {
  const told: [Upward, PortHandle | undefined][] = [];
  const listeners = new Map<string, (message: never) => void>();
  const link = {
    send: (message: Upward, handle?: PortHandle) => told.push([message, handle]),
    on: (type: string, listener: (message: never) => void) => listeners.set(type, listener),
  } as unknown as Link;
  const answeredHere: string[] = [];
  const sessions = new Sessions(link, 'worker-1', (handle, bytes) => {
    handle.close();
    answeredHere.push(bytes.toString());
  });
  return { sessions, told, answeredHere, tell: (message: Downward) => listeners.get(message.type)?.(message as never) };
}

/** The server's side of a connection. */
async function accepted(): Promise<net.Socket> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const arrived = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
  open.push(
    server as Server,
    net.connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {}),
  );
  return arrived;
}

/** A server whose app opens the session SID, or tells who it is, behind `sessions`. */
async function app(sessions: Sessions): Promise<string> {
  const handler = sessions.watch((request, response) => {
    response.end(request.url?.includes('sid=') ? 'answered' : `0{"sid":"${SID}"}`);
  });
  const server = createServer((request, response) => void handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the sessions of a worker', () => {
  test('are told to the primary when the app opens one, and answered here', async () => {
    const { sessions, told, tell } = set();
    tell({ type: 'sessions' });
    expect(sessions.active).toBe(true);
    const at = await app(sessions);
    await fetch(at + POLL);
    expect(told).toEqual([[{ type: 'session', sid: SID }, undefined]]);
    expect(sessions.takes(await accepted(), get(`${POLL}&sid=${SID}`))).toBe(false);
    expect(await (await fetch(`${at + POLL}&sid=${SID}`)).text()).toBe('answered');
  });

  test('of another worker go to that one, with what was read; one that nobody has comes back and stays', async () => {
    const { sessions, told, answeredHere, tell } = set();
    const bytes = get(`${POLL}&sid=${SID}`);
    expect(sessions.takes(await accepted(), bytes)).toBe(true);
    const [[message, handle] = []] = told;
    expect(message).toEqual({ type: 'hand-back', id: 'worker-1.1', bytes: bytes.toString('base64'), sid: SID });
    expect(handle).toBeDefined();
    tell({ type: 'handed', id: 'worker-1.1', taken: false });
    expect(answeredHere).toEqual([bytes.toString()]);
    expect(sessions.takes(await accepted(), bytes)).toBe(false);
  });

  test('that are on their way are bounded', async () => {
    const { sessions } = set();
    const sockets = await Promise.all(Array.from({ length: MAX_ON_THEIR_WAY + 1 }, accepted));
    const taken = sockets.map((socket, n) => sessions.takes(socket, get(`${POLL}&sid=${SID}${n}`)));
    expect(taken.lastIndexOf(true)).toBe(MAX_ON_THEIR_WAY - 1);
    sockets.at(-1)!.destroy();
  });

  test('that were opened long ago are forgotten over the bound, and asked for', async () => {
    const { sessions } = set();
    let opened = 0;
    const handler = sessions.watch((_request, response) => {
      opened += 1;
      response.end(`0{"sid":"session-${opened}-of-many"}`);
    });
    for (let n = 0; n <= MAX_OWN; n++) handler({ url: POLL } as never, { end: () => {} } as never);
    expect(sessions.takes(await accepted(), get(`${POLL}&sid=session-2-of-many`))).toBe(false);
    expect(sessions.takes(await accepted(), get(`${POLL}&sid=session-1-of-many`))).toBe(true);
  });

  test('of another worker are sent to a new connection where node:http reads already', async () => {
    const { sessions, tell } = set();
    tell({ type: 'sessions' });
    const answer = await fetch(`${(await app(sessions)) + POLL}&sid=${SID}`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location'), answer.headers.get('connection')]).toEqual([
      307,
      `${POLL}&sid=${SID}`,
      'close',
    ]);
  });
});
