import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { type Exchange, openExchange } from './exchange.ts';
import { type PlainGet, parsePlainGet } from './plain-get.ts';

/** Bytes for a socket; `close`: the connection ends with them. */
export interface QuickBytes {
  head: Buffer;
  body: Buffer | undefined;
  close: boolean;
}

/** Answers a plain GET at once, or leaves it to the listeners of the server with undefined. */
export type QuickAnswer = (get: PlainGet) => QuickBytes | undefined;

export interface FrontLimits {
  headerTimeoutMs: number;
  keepAliveMs: number;
}

export interface Front {
  /** Closes connections that wait for a next request. */
  closeIdle: () => void;
  closeAll: () => void;
}

/** Most that a client may send ahead while its request is being answered, bytes; it is not read on before, either. */
const MAX_AHEAD_BYTES = 65_536;
/** A client may ask until the time told to it is over: what is on its way then still finds the connection open, ms. */
const KEEP_ALIVE_GRACE_MS = 1_000;

/**
 * Stands before the HTTP parser of a server. A connection stays here while each of its requests is a plain GET: such a
 * request gets a quick answer, or goes to the server's listeners. With the first that is not plain, connection and bytes
 * go to node:http for good. So node:http alone parses whatever is not plain, and decides what is wrong with it.
 */
export function putFront(server: Server, limits: FrontLimits, quick: QuickAnswer): Front {
  const [parse] = server.listeners('connection') as ((socket: Socket) => void)[];
  if (parse === undefined) throw new Error('node:http has no listener for connections to stand before');
  server.off('connection', parse);
  const held = new Map<Socket, { idle: boolean }>();
  const idleMs = limits.keepAliveMs + KEEP_ALIVE_GRACE_MS;

  server.on('connection', (socket: Socket) => {
    const state = { idle: false };
    /** The request that the listeners work on, and what the client sent meanwhile. */
    let exchange: Exchange | undefined;
    let ahead: Buffer | undefined;
    held.set(socket, state);
    socket.setTimeout(limits.headerTimeoutMs);

    const leave = (): void => {
      held.delete(socket);
      socket.off('data', onData);
      socket.off('end', onEnd);
      socket.off('drain', onDrain);
      socket.off('timeout', onTimeout);
      socket.off('error', onError);
      socket.off('close', onClose);
    };
    const rest = (): void => {
      if (state.idle) return;
      state.idle = true;
      socket.setTimeout(idleMs);
    };
    const onData = (chunk: Buffer): void => {
      if (exchange !== undefined) {
        wait(chunk);
        return;
      }
      const get = parsePlainGet(chunk);
      if (get === undefined) {
        leave();
        socket.setTimeout(0);
        parse.call(server, socket);
        socket.emit('data', chunk);
        return;
      }
      const answer = quick(get);
      if (answer === undefined) ask(get, chunk);
      else write(answer);
    };
    const write = ({ head, body, close }: QuickBytes): void => {
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
      rest();
      // A client that asks and does not read gets no further answers.
      if (socket.writableNeedDrain) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
    };
    const ask = (get: PlainGet, chunk: Buffer): void => {
      state.idle = false;
      socket.setTimeout(0);
      let over = false;
      const opened = openExchange(server, socket, get, chunk, limits.keepAliveMs, (close) => {
        over = true;
        exchange = undefined;
        if (close) {
          socket.destroySoon();
          return;
        }
        rest();
        if (ahead === undefined) return;
        const next = ahead;
        ahead = undefined;
        socket.resume();
        onData(next);
      });
      if (!over) exchange = opened;
    };
    const wait = (chunk: Buffer): void => {
      ahead = ahead === undefined ? chunk : Buffer.concat([ahead, chunk]);
      if (ahead.length > MAX_AHEAD_BYTES) socket.destroy();
      else socket.pause();
    };
    const onEnd = (): void => {
      socket.end();
    };
    const onDrain = (): void => exchange?.drained();
    const onTimeout = (): void => {
      if (exchange?.timedOut() !== true) socket.destroy();
    };
    const onError = (): void => {
      socket.destroy();
    };
    const onClose = (): void => {
      leave();
      exchange?.closed();
    };
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('drain', onDrain);
    socket.on('timeout', onTimeout);
    socket.on('error', onError);
    socket.on('close', onClose);
  });

  return {
    closeIdle() {
      for (const [socket, { idle }] of held) if (idle && socket.writableLength === 0) socket.end();
    },
    closeAll() {
      for (const socket of held.keys()) socket.destroy();
    },
  };
}
