import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Ahead } from './ahead.ts';
import { closeWhileItSends, hasLeft } from './closing.ts';
import { endOfHead } from './head-end.ts';
import { inLaterTurn } from './later-turn.ts';

const PACED = Symbol('tahan.paced');
type MaybePaced = Socket & { [PACED]?: Paced };

/**
 * Gives a connection to node:http for good, with what has been read of it.
 * @param answered the connection has had answers, and these bytes came before the last of them
 */
export type NodeParser = (socket: Socket, bytes: Buffer, answered?: boolean) => void;

/**
 * Takes a server's own listener for connections out, to put something before it.
 * @returns gives a connection to node:http, which reads one request of it at a time
 * @throws {Error} node:http does not have what is needed for that (v26, lib/_http_server.js)
 */
export function takeParser(server: Server): NodeParser {
  const [parse] = server.listeners('connection') as ((socket: Socket) => void)[];
  if (parse === undefined) throw new Error('node:http has no listener for connections to stand before');
  server.off('connection', parse);
  // A client that ends its side after asking still gets its answer.
  if (!('httpAllowHalfOpen' in server)) throw new Error('this Node lacks http.Server.httpAllowHalfOpen');
  server.httpAllowHalfOpen = true;
  const connection = new Socket();
  listenersOf(() => parse.call(server, connection), connection);
  connection.destroy();
  return (socket, bytes, answered = false) => {
    const { data, end } = listenersOf(() => parse.call(server, socket), socket);
    new Paced(socket, data, end).begin(bytes, answered);
  };
}

/** What node:http does with the bytes of a connection, and with its end: the listeners that `add` adds. */
function listenersOf(add: () => void, socket: Socket): { data: (bytes: Buffer) => void; end: () => void } {
  const [hadData, hadEnd] = [socket.listeners('data'), socket.listeners('end')];
  add();
  const data = socket.listeners('data').find((listener) => !hadData.includes(listener));
  const end = socket.listeners('end').find((listener) => !hadEnd.includes(listener));
  if (data === undefined || end === undefined)
    throw new Error('node:http of this Node does not listen to its connections');
  return { data: data as (bytes: Buffer) => void, end: end as () => void };
}

/** node:http reads each connection of the server one request at a time. */
export function paceConnections(server: Server): void {
  const parse = takeParser(server);
  server.on('connection', (socket: Socket) => parse(socket, NOTHING));
}

const NOTHING = Buffer.alloc(0);

/**
 * Ends a connection of which node:http cannot read what has come; `answer` is written first, where the client takes it for
 * what it is.
 */
export function endUnreadable(socket: Socket, answer: string): void {
  (socket as MaybePaced)[PACED]?.fail(answer);
}

/**
 * The connection speaks another protocol from here on: nothing of it goes to node:http any more, whose parser may serve
 * another connection by now. What came ahead is the next that is read of it.
 */
export function releaseUpgraded(socket: Socket): void {
  (socket as MaybePaced)[PACED]?.release();
}

interface Begun {
  request: IncomingMessage;
  response: ServerResponse;
  socket: Socket;
}
// The only place where node:http tells of every request, those too that it answers itself.
channel('http.server.request.start').subscribe((message) => {
  const { request, response, socket } = message as Begun;
  (socket as MaybePaced)[PACED]?.requested(request, response);
});

/**
 * A connection that node:http parses. By itself it would parse all that a read brings: some 2,000 requests, each with its
 * request and response, and all of them given to the site at once. So it gets the bytes in pieces, of which each holds the
 * end of one head at most, and the next piece in a later turn of the loop, when the request before it is answered. Where
 * to cut is only guessed here: node:http alone decides what the bytes mean, and any cut means the same to it.
 */
class Paced {
  private readonly socket: Socket;
  /** node:http's own listeners, which are called from here. */
  private readonly parse: (bytes: Buffer) => void;
  private readonly parseEnd: () => void;
  private readonly ahead = new Ahead();
  /** Of the bytes ahead so many came before the last answer was out. */
  private stale = 0;
  /** What node:http read last came before the last answer was out. */
  private readsStale = false;
  /** The newest request, and its answer. */
  private request: IncomingMessage | undefined;
  private response: ServerResponse | undefined;
  private unanswered = 0;
  /** Of the body of the newest request so much is to come, where its length is known, bytes. */
  private bodyLeft = 0;
  /** The last bytes that node:http has read of a head that is not whole. */
  private before = '';
  private readAt = 0;
  /** The connection waits until a request is answered. */
  private waits = false;
  /** node:http knows that the client has ended its side. */
  private parseEnded = false;
  private closing = false;

  constructor(socket: Socket, parse: (bytes: Buffer) => void, parseEnd: () => void) {
    this.socket = Object.assign(socket, { [PACED]: this });
    this.parse = parse;
    this.parseEnd = parseEnd;
    // A listener of ours for `data` makes node:http leave the reading to node:net.
    socket.on('data', this.onData);
    socket.off('data', parse);
    socket.off('end', parseEnd);
    socket.on('end', this.onEnd);
    socket.once('close', () => this.ahead.clear());
    // So node:http ends a connection after its last answer.
    socket.destroySoon = () => this.close();
  }

  private readonly onData = (chunk: Buffer): void => this.data(chunk);
  private readonly onEnd = (): void => this.ended();

  release(): void {
    const { socket, ahead } = this;
    this.closing = true;
    socket.off('data', this.onData);
    socket.off('end', this.onEnd);
    delete (socket as Partial<Socket>).destroySoon;
    if (ahead.length > 0) socket.unshift(ahead.take(ahead.length));
  }

  begin(bytes: Buffer, answered: boolean): void {
    if (answered) this.stale = bytes.length;
    if (bytes.length > 0) this.data(bytes);
    if (this.socket.readableEnded) this.ended();
  }

  requested(request: IncomingMessage, response: ServerResponse): void {
    this.request = request;
    this.response = response;
    this.unanswered += 1;
    const { headers } = request;
    this.bodyLeft = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : 0;
    response.once('close', () => this.answered());
  }

  /**
   * node:http cannot read what has come: the connection ends. The client is told why, unless it would take that for a part
   * of an answer, or for the answer to another request.
   */
  fail(answer: string): void {
    if (this.closing) return;
    const { socket } = this;
    if (this.unanswered > 0 && this.response!.headersSent) {
      socket.destroy();
      return;
    }
    this.closing = true;
    this.ahead.clear();
    // The body of a request that is answered, or more than the client said that it would send.
    const answered = this.unanswered === 0 && (this.request?.complete === false || this.readsStale);
    if (!answered) socket.write(answer);
    closeWhileItSends(socket);
  }

  private close(): void {
    const { socket } = this;
    if (this.closing) return;
    this.closing = true;
    const sends = this.request?.complete !== true || this.ahead.length > 0 || socket.readableLength > 0;
    this.ahead.clear();
    if (sends && !socket.readableEnded) closeWhileItSends(socket);
    else Socket.prototype.destroySoon.call(socket);
  }

  private data(chunk: Buffer): void {
    this.readAt = performance.now();
    const waiting = this.ahead.length > 0;
    if (!this.ahead.add(chunk)) this.socket.destroy();
    else if (waiting) this.wait();
    else this.feed();
  }

  private ended(): void {
    if (this.unanswered > 0 && this.request!.complete && !this.response!.writableEnded) {
      if (hasLeft(this.readAt, performance.now())) {
        this.socket.destroy();
        return;
      }
    }
    if (this.ahead.length === 0) this.endParse();
  }

  private endParse(): void {
    if (this.parseEnded || this.closing) return;
    this.parseEnded = true;
    this.parseEnd();
    // The rest of this request cannot come any more, whatever node:http still waits for.
    if (!this.closing && this.request?.complete === false) this.socket.destroy();
  }

  private answered(): void {
    this.unanswered -= 1;
    this.stale = this.ahead.length;
    // A client with many requests ahead must not keep the loop from the others.
    if (this.stale > 0) inLaterTurn(() => this.feed());
  }

  private feed(): void {
    const { socket, ahead } = this;
    while (ahead.length > 0) {
      if (this.unanswered > 0 && this.request!.complete) {
        this.wait();
        return;
      }
      const piece = ahead.take(this.pieceLength(ahead.peek()!));
      this.readsStale = this.stale > 0;
      this.stale = Math.max(0, this.stale - piece.length);
      this.parse(piece);
      if (this.closing || socket.destroyed) return;
    }
    if (this.waits) {
      this.waits = false;
      socket.resume();
    }
    if (socket.readableEnded) this.endParse();
  }

  private wait(): void {
    this.waits = true;
    this.socket.pause();
  }

  private pieceLength(bytes: Buffer): number {
    if (this.bodyLeft > 0) {
      const length = Math.min(this.bodyLeft, bytes.length);
      this.bodyLeft -= length;
      return length;
    }
    const end = endOfHead(bytes, this.before);
    this.before = end === -1 ? (this.before + bytes.toString('latin1', Math.max(0, bytes.length - 3))).slice(-3) : '';
    return end === -1 ? bytes.length : end;
  }
}
