import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { hastePauseMs, noteRefusal } from './haste.ts';
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
export type QuickAnswer = (get: PlainGet) => QuickBytes | undefined;

/** What the connections of one server share. */
export interface FrontParts {
  server: Server;
  held: Set<FrontConnection>;
  quick: QuickAnswer;
  /** node:http's own listener for connections. */
  parse: (socket: Socket) => void;
  keepAliveMs: number;
  /** When it was last looked at what is due (clock of `performance.now()`, ms). */
  now: number;
  /** Time from one such look to the next, ms. */
  lookMs: number;
}

/** Most that a client may send ahead while its request is being answered, bytes; it is not read on before, either. */
const MAX_AHEAD_BYTES = 65_536;
/** How long a client may take no byte of an answer, ms; then it is cut. */
export const STALLED_MS = 30_000;
/** A request that is under way for so long is one that takes long, ms. */
const LONG_MS = 1_000;
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
  /** The request that the server's listeners work on, and what the client sent meanwhile. */
  private exchange: Exchange | undefined;
  private ahead: Buffer | undefined;
  /** The client is made to wait. */
  private paused = false;

  constructor(front: FrontParts, socket: Socket, headerTimeoutMs: number) {
    this.front = front;
    this.dueAt = this.afterMs(headerTimeoutMs);
    this.socket = Object.assign(socket, { [CONNECTION]: this });
    for (const [event, listener] of LISTENERS) socket.on(event, listener);
  }

  data(chunk: Buffer): void {
    if (this.exchange !== undefined || this.paused) {
      this.wait(chunk);
      return;
    }
    const pauseMs = hastePauseMs(this.socket, performance.now());
    if (pauseMs > 0) this.pause(chunk, pauseMs);
    else this.look(chunk);
  }

  /** A client that ignores Retry-After is looked at later. */
  private pause(chunk: Buffer, pauseMs: number): void {
    this.paused = true;
    this.idle = false;
    this.dueAt = Number.POSITIVE_INFINITY;
    this.socket.pause();
    this.wait(chunk);
    setTimeout(() => {
      this.paused = false;
      if (!this.socket.destroyed) this.goOn();
    }, pauseMs);
  }

  private look(chunk: Buffer): void {
    const get = parsePlainGet(chunk);
    if (get === undefined) {
      this.leave(chunk);
      return;
    }
    const answer = this.front.quick(get);
    if (answer === undefined) this.ask(get);
    else this.write(answer);
  }

  drained(): void {
    this.exchange?.drained();
  }

  /** Its time is over by the common clock. */
  due(): void {
    if (this.exchange === undefined) {
      this.socket.destroy();
      return;
    }
    // A request that takes long: from here on the socket looks for itself whether the client reads.
    this.dueAt = Number.POSITIVE_INFINITY;
    this.socket.setTimeout(this.socket.timeout || STALLED_MS);
  }

  /** Nothing has moved on the socket for as long as it may. */
  timedOut(): void {
    // While the site works on a request that is not answered yet, nobody is late.
    if (this.exchange === undefined || this.socket.writableLength > 0) this.socket.destroy();
    else this.exchange.timedOut();
  }

  closed(): void {
    this.front.held.delete(this);
    this.exchange?.closed();
  }

  /** Gives the connection to node:http, with what has been read of it. */
  private leave(chunk: Buffer): void {
    const { socket, front } = this;
    front.held.delete(this);
    for (const [event, listener] of LISTENERS) socket.off(event, listener);
    front.parse.call(front.server, socket);
    socket.emit('data', chunk);
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
    if (close) {
      socket.destroySoon();
      return;
    }
    this.rest();
    // A client that asks and does not read gets no further answers.
    if (socket.writableNeedDrain) {
      socket.pause();
      this.dueAt = Number.POSITIVE_INFINITY;
      socket.setTimeout(STALLED_MS);
      socket.once('drain', () => {
        this.idle = false;
        this.rest();
        socket.resume();
      });
    }
  }

  private ask(get: PlainGet): void {
    const { server, keepAliveMs } = this.front;
    this.idle = false;
    this.dueAt = this.afterMs(LONG_MS);
    this.exchange = openExchange(server, this.socket, get, keepAliveMs, (close) => this.answered(close));
  }

  private answered(close: boolean): void {
    this.exchange = undefined;
    if (close) {
      this.socket.destroySoon();
      return;
    }
    this.rest();
    this.goOn();
  }

  /** Deals with what the client sent meanwhile. */
  private goOn(): void {
    const { ahead } = this;
    if (ahead === undefined) return;
    this.ahead = undefined;
    this.socket.resume();
    this.look(ahead);
  }

  private wait(chunk: Buffer): void {
    this.ahead = this.ahead === undefined ? chunk : Buffer.concat([this.ahead, chunk]);
    if (this.ahead.length > MAX_AHEAD_BYTES) this.socket.destroy();
    else this.socket.pause();
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
    this.end();
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
