import { channel } from 'node:diagnostics_channel';
import { IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { detachSignal } from './node-parts.ts';
import { type PlainGet, rawHeadersOf } from './plain-get.ts';

const PLAIN = Symbol('tahan.plain-get');

/** The plain GET that a request was made from; undefined for one that node:http has parsed. */
export const plainGetOf = (request: IncomingMessage): PlainGet | undefined =>
  (request as RequestParts & IncomingMessage)[PLAIN];

/** The channels of node:http, which tracing tools listen to. */
const onStart = channel('http.server.request.start');
const onFinish = channel('http.server.response.finish');

/** What node:http sets on its own messages and does not document: node-parts.ts looks whether it is there. */
interface RequestParts {
  upgrade: boolean;
  [PLAIN]?: PlainGet;
  [detachSignal]: () => void;
  _addHeaderLines: (raw: string[], length: number) => void;
}
interface ResponseParts {
  /** Told to the client as `Keep-Alive: timeout=`. */
  _keepAliveTimeout: number;
  /** The answer says `Connection: close`. */
  _last: boolean;
  _closed: boolean;
  /** Emits `drain` when it is owed. */
  _flush: () => void;
}

/** Whether anybody would notice the end of a request. */
const isHeard = (request: IncomingMessage): boolean =>
  request.listenerCount('end') + request.listenerCount('close') + request.listenerCount('readable') > 0;

/** A request on its way, on a connection that node:http does not read. */
export interface Exchange {
  /** The socket can take more of the answer. */
  drained: () => void;
  /** The socket was idle for as long as it may be; false: nobody has dealt with it. */
  timedOut: () => boolean;
  /** The connection is gone. */
  closed: () => void;
}

/**
 * Gives a plain GET to the listeners of a server, as node:http would after it has parsed it, and the connection back
 * when it is answered: so the next request on the connection can be answered quickly again. For this one kind of
 * request it does what `parserOnIncoming` and `resOnFinish` of node:http do.
 * @param keepAliveMs how long the client may count on the connection, ms
 * @param ended the answer is on its way; `close`: it was the last of its connection
 */
export function openExchange(
  server: Server,
  socket: Socket,
  get: PlainGet,
  keepAliveMs: number,
  ended: (close: boolean) => void,
): Exchange {
  const request = new IncomingMessage(socket) as IncomingMessage & RequestParts;
  const raw = rawHeadersOf(get);
  request._addHeaderLines(raw, raw.length);
  request.method = 'GET';
  request.url = get.target;
  request.upgrade = false;
  request.httpVersion = '1.1';
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  request[PLAIN] = get;
  request.complete = true;
  request.push(null);

  const response = new ServerResponse<IncomingMessage>(request) as ServerResponse & ResponseParts;
  response._keepAliveTimeout = keepAliveMs;
  response.shouldKeepAlive = !get.close;
  response.assignSocket(socket);
  if (onStart.hasSubscribers) onStart.publish({ request, response, socket, server });
  response.on('finish', () => {
    if (onFinish.hasSubscribers) onFinish.publish({ request, response, socket, server });
    request[detachSignal]();
    // Read to its end, for those who wait for its `end` or `close`.
    if (!request.readableEnded && isHeard(request)) request.resume();
    response.detachSocket(socket);
    process.nextTick(() => {
      if (response._closed) return;
      response.destroyed = true;
      response._closed = true;
      response.emit('close');
    });
    ended(response._last);
  });
  server.emit('request', request, response);

  return {
    drained() {
      if (response.writableNeedDrain && response.writableLength === 0) response._flush();
    },
    timedOut: () => response.emit('timeout', socket),
    closed() {
      request.destroy();
    },
  };
}
