import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MAX_HANDED_BYTES } from '../beats.ts';
import { KeysForATime } from '../cache/keys-for-a-time.ts';
import type { Link, PortHandle } from '../link.ts';
import { detach } from '../request/connection/raw-connection.ts';
import type { Site } from '../site.ts';
import { openedSession, opensSession, sessionOf, sessionOfRequest } from './session-id.ts';

/** Sessions that this worker knows as its own; older ones are forgotten, and found by asking the primary. */
export const MAX_OWN = 50_000;
/** Connections on their way to other workers at a time. */
export const MAX_ON_THEIR_WAY = 64;
/** A session that no worker has is answered here for so long, ms. */
const NOBODYS_MS = 5_000;
const MAX_NOBODYS = 10_000;
/** Characters of an answer in which the packet is that opens a session. */
const LOOK_CHARACTERS = 300;
const POLLING = 'transport=polling';

type Handler = Site['handler'];

/**
 * A session of Socket.IO's polling lives in the memory of the worker that opened it. A connection that asks for a session
 * of another worker goes to that one, through the primary, before anything of it is parsed. Nothing is looked at before
 * a worker of this server has opened such a session.
 */
export class Sessions {
  active = false;
  private readonly link: Link;
  private readonly name: string;
  private readonly own = new Set<string>();
  private readonly nobodys = new KeysForATime(NOBODYS_MS, MAX_NOBODYS);
  private readonly onTheirWay = new Map<string, { handle: PortHandle; bytes: Buffer; sid: string }>();
  private made = 0;

  /** `name`: of this process. `answerHere`: reads a connection here that no other worker has taken. */
  constructor(link: Link, name: string, answerHere: (handle: PortHandle, bytes: Buffer) => void) {
    this.link = link;
    this.name = name;
    link.on('sessions', () => {
      this.active = true;
    });
    link.on('handed', ({ id, taken }) => {
      const given = this.onTheirWay.get(id);
      if (given === undefined) return;
      this.onTheirWay.delete(id);
      if (taken) {
        given.handle.close();
        return;
      }
      this.nobodys.add(given.sid);
      answerHere(given.handle, given.bytes);
    });
  }

  /** Takes a connection whose request is for another worker; false: it is to be answered here. */
  takes(socket: Socket, bytes: Buffer): boolean {
    const sid = sessionOfRequest(bytes);
    if (sid === undefined || this.isHere(sid)) return false;
    if (this.onTheirWay.size >= MAX_ON_THEIR_WAY || bytes.length > MAX_HANDED_BYTES || socket.writableLength > 0)
      return false;
    const handle = detach(socket);
    if (handle === undefined) return true;
    this.made += 1;
    const id = `${this.name}.${this.made}`;
    this.onTheirWay.set(id, { handle, bytes, sid });
    this.link.send({ type: 'hand-back', id, bytes: bytes.toString('base64'), sid }, handle);
    return true;
  }

  /** Learns from the answers of the app which sessions it opens. */
  watch(handler: Handler): Handler {
    return (request, response) => {
      const { url = '' } = request;
      if (url.includes(POLLING)) {
        if (opensSession(url)) this.learn(response);
        else if (this.sendsAway(request, response)) return;
      }
      return handler(request, response);
    };
  }

  private isHere(sid: string): boolean {
    return this.own.has(sid) || this.nobodys.has(sid);
  }

  private learn(response: ServerResponse): void {
    const { end } = response;
    response.end = ((...given: unknown[]) => {
      const [body] = given;
      const text = typeof body === 'string' || Buffer.isBuffer(body) ? body.toString('latin1') : '';
      const sid = openedSession(text.slice(0, LOOK_CHARACTERS));
      if (sid !== undefined) this.opened(sid);
      return end.apply(response, given as never);
    }) as typeof end;
  }

  private opened(sid: string): void {
    this.own.add(sid);
    if (this.own.size > MAX_OWN) this.own.delete(this.own.values().next().value!);
    this.link.send({ type: 'session', sid });
  }

  /**
   * On a connection that node:http reads already, the client is asked to send the same request on a new one, which any
   * worker may take to the right one.
   */
  private sendsAway({ url = '' }: IncomingMessage, response: ServerResponse): boolean {
    const sid = sessionOf(url);
    if (!this.active || sid === undefined || this.isHere(sid) || url.startsWith('//')) return false;
    response.writeHead(307, { location: url, connection: 'close', 'cache-control': 'no-store' }).end();
    return true;
  }
}
