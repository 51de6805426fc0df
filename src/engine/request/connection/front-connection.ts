import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Ahead } from './ahead.ts';
import { closeWhileItSends, hasLeft } from './closing.ts';
import { hastePauseMs, noteRefusal } from './haste.ts';
import { endOfHead } from './head-end.ts';
import { inLaterTurn } from './later-turn.ts';
import type { NodeParser } from './paced.ts';
import { type Exchange, openExchange } from './plain-exchange.ts';
import { type PlainGet, parsePlainGet } from './plain-get.ts';

/** Bytes for a socket; `close`: the connection ends with them. */
export interface QuickBytes {
  head: Buffer;
  body: Buffer | undefined;
  close: boolean;
  /** It is a refusal: its client is to wait before it comes back. */
  refusal?: boolean;
}

/** Answers a plain GET at once, or leaves it to the listeners of the server with undefined. */
export type QuickAnswer = (get: PlainGet, socket: Socket) => QuickBytes | undefined;

/** Whom another process is to answer. */
export interface Elsewhere {
  /** False: nobody, and nothing is looked at. */
  readonly active: boolean;
  /** Takes the connection out of the socket, with what was read; false: it is to be answered here. */
  takes: (socket: Socket, bytes: Buffer) => boolean;
}

/** What the connections of one server share. */
export interface FrontParts {
  server: Server;
  held: Set<FrontConnection>;
  quick: QuickAnswer;
  elsewhere: Elsewhere;
  /** Plain GETs can be given to the listeners of the server. */
  canExchange: boolean;
  parse: NodeParser;
  keepAliveMs: number;
  /** When it was last looked at what is due (clock of `performance.now()`, ms). */
  now: number;
  /** Time from one such look to the next, ms. */
  lookMs: number;
}

/** A client may ask until the time told to it is over: what is on its way then still finds the connection open, ms. */
const KEEP_ALIVE_GRACE_MS = 1_000;

const CONNECTION = Symbol('tahan.connection');
interface FrontSocket extends Socket {
  [CONNECTION]: FrontConnection;
}

/** A connection that node:http does not read (yet). */
export class FrontConnection {
  readonly socket: FrontSocket;
  /** Waits for a next request. */
  idle = false;
  /** When it is over with the connection, if nothing comes; Infinity: something else sees to that. */
  dueAt: number;
  private readonly front: FrontParts;
  /** The request that the server's listeners work on, and when it came. */
  private exchange: Exchange | undefined;
  private askedAt = 0;
  /** What the client sent before its earlier requests were answered; none on most connections. */
  private ahead: Ahead | undefined;
  /** The client is made to wait. */
  private paused = false;

  constructor(front: FrontParts, socket: Socket, headerTimeoutMs: number) {
    this.front = front;
    this.dueAt = this.afterMs(headerTimeoutMs);
    this.socket = Object.assign(socket, { [CONNECTION]: this });
    for (const [event, listener] of LISTENERS) socket.on(event, listener);
  }

  /** The client has requests in hand. */
  private get busy(): boolean {
    return this.exchange !== undefined || this.paused || this.aheadLength > 0;
  }

  private get aheadLength(): number {
    return this.ahead?.length ?? 0;
  }

  data(chunk: Buffer): void {
    if (this.busy) {
      if (this.keep(chunk)) this.socket.pause();
    } else this.arrive(chunk, false);
  }

  /** `answered`: the bytes came before the last answer was out. */
  private arrive(bytes: Buffer, answered: boolean): void {
    const pauseMs = hastePauseMs(this.socket, performance.now());
    if (pauseMs > 0) this.pause(bytes, pauseMs, answered);
    else this.look(bytes, answered);
  }

  /** A client that ignores Retry-After is looked at later. */
  private pause(bytes: Buffer, pauseMs: number, answered: boolean): void {
    this.paused = true;
    this.idle = false;
    this.dueAt = Number.POSITIVE_INFINITY;
    this.socket.pause();
    setTimeout(() => {
      this.paused = false;
      if (!this.socket.destroyed) this.look(bytes, answered);
    }, pauseMs);
  }

  private look(bytes: Buffer, answered: boolean): void {
    const { elsewhere } = this.front;
    if (elsewhere.active && !answered && this.aheadLength === 0 && elsewhere.takes(this.socket, bytes)) return;
    let get = parsePlainGet(bytes);
    if (get === undefined) {
      // Several requests, of which the first may be plain.
      const end = endOfHead(bytes);
      if (end !== -1 && end < bytes.length) get = parsePlainGet(bytes.subarray(0, end));
      if (get === undefined) {
        this.leave(bytes, answered);
        return;
      }
      if (!this.keep(bytes.subarray(end))) return;
    }
    const answer = this.front.quick(get, this.socket);
    if (answer !== undefined) this.write(answer);
    else if (this.front.canExchange) this.ask(get);
    else this.leave(Buffer.from(get.text, 'latin1'), answered);
  }

  drained(): void {
    this.exchange?.drained();
  }

  /** Its time is over by the common clock. */
  due(): void {
    this.socket.destroy();
  }

  /** Nothing has moved on the socket for as long as the site allows. */
  timedOut(): void {
    if (this.exchange?.timedOut() !== true) this.socket.destroy();
  }

  /** The client has ended its side. */
  ended(): void {
    if (this.exchange !== undefined && hasLeft(this.askedAt, performance.now())) this.socket.destroy();
    else if (!this.busy) this.socket.end();
  }

  closed(): void {
    this.front.held.delete(this);
    this.ahead?.clear();
    this.exchange?.closed();
  }

  /** Gives the connection to node:http, with what has been read of it. */
  private leave(bytes: Buffer, answered: boolean): void {
    const { socket, front, ahead } = this;
    front.held.delete(this);
    for (const [event, listener] of LISTENERS) socket.off(event, listener);
    socket.resume();
    const all = this.aheadLength === 0 ? bytes : Buffer.concat([bytes, ahead!.take(ahead!.length)]);
    front.parse(socket, all, answered);
  }

  private write({ head, body, close, refusal }: QuickBytes): void {
    const { socket } = this;
    if (refusal === true) noteRefusal(socket, performance.now());
    if (body === undefined) socket.write(head);
    else {
      socket.cork();
      socket.write(head);
      socket.write(body);
      socket.uncork();
    }
    if (close) this.close();
    else if (socket.writableNeedDrain) {
      // A client that asks and does not read gets no further answers.
      this.idle = false;
      this.dueAt = Number.POSITIVE_INFINITY;
      socket.pause();
      socket.once('drain', () => this.next());
    } else this.next();
  }

  private ask(get: PlainGet): void {
    const { server, keepAliveMs } = this.front;
    this.idle = false;
    // How long the site may take is bounded by its deadline, how long the client may by `cutStalled`.
    this.dueAt = Number.POSITIVE_INFINITY;
    this.askedAt = performance.now();
    this.exchange = openExchange(server, this.socket, get, keepAliveMs, (close) => {
      this.exchange = undefined;
      if (close) this.close();
      else this.next();
    });
  }

  /** A request is answered. */
  private next(): void {
    const { socket } = this;
    if (this.aheadLength > 0) {
      // A client with many requests ahead must not keep the loop from the others.
      inLaterTurn(() => this.goOn());
      return;
    }
    if (socket.readableEnded) socket.end();
    else if (socket.isPaused()) socket.resume();
    this.rest();
  }

  private goOn(): void {
    const bytes = this.ahead?.peek();
    if (bytes === undefined) return;
    const end = endOfHead(bytes);
    this.arrive(this.ahead!.take(end === -1 ? bytes.length : end), true);
  }

  private close(): void {
    const sends = this.aheadLength > 0 || this.socket.readableLength > 0;
    this.ahead?.clear();
    if (sends) closeWhileItSends(this.socket);
    else this.socket.destroySoon();
  }

  /** False: it is more than may be held, and the client is cut. */
  private keep(bytes: Buffer): boolean {
    this.ahead ??= new Ahead();
    if (this.ahead.add(bytes)) return true;
    this.socket.destroy();
    return false;
  }

  private rest(): void {
    if (this.idle) return;
    this.idle = true;
    if (this.socket.timeout) this.socket.setTimeout(0);
    this.dueAt = this.afterMs(this.front.keepAliveMs + KEEP_ALIVE_GRACE_MS);
  }

  /** In so many ms at the earliest: the clock stands between two looks. */
  private afterMs(ms: number): number {
    return this.front.now + this.front.lookMs + ms;
  }
}

/** The same functions for every connection: a closure for each would cost more than the rest of a quick answer. */
const LISTENERS = Object.entries({
  data(this: FrontSocket, chunk: Buffer) {
    this[CONNECTION].data(chunk);
  },
  end(this: FrontSocket) {
    this[CONNECTION].ended();
  },
  drain(this: FrontSocket) {
    this[CONNECTION].drained();
  },
  timeout(this: FrontSocket) {
    this[CONNECTION].timedOut();
  },
  error(this: FrontSocket) {
    this.destroy();
  },
  close(this: FrontSocket) {
    this[CONNECTION].closed();
  },
});
