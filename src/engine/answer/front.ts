import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Bytes for a socket; `close`: the connection ends with them. */
export interface QuickBytes {
  head: Buffer;
  body: Buffer | undefined;
  close: boolean;
}

/** Answers a whole request from its bytes, or leaves it to node:http with undefined. */
export type QuickAnswer = (chunk: Buffer) => QuickBytes | undefined;

export interface FrontLimits {
  headerTimeoutMs: number;
  keepAliveMs: number;
}

export interface Front {
  /** Closes connections that wait for a next request. */
  closeIdle: () => void;
  closeAll: () => void;
}

/**
 * Puts a quick answer before the HTTP parser of a server. A connection stays with it while each of its chunks is one
 * whole request that the quick answer takes; with the first that is not, connection and bytes go to node:http for good.
 * So node:http alone parses whatever is not plain, and decides what is wrong with it.
 */
export function putFront(server: Server, limits: FrontLimits, quick: QuickAnswer): Front {
  const [parse] = server.listeners('connection') as ((socket: Socket) => void)[];
  if (parse === undefined) throw new Error('node:http has no listener for connections to stand before');
  server.off('connection', parse);
  const held = new Map<Socket, { idle: boolean }>();

  server.on('connection', (socket: Socket) => {
    const state = { idle: false };
    held.set(socket, state);
    socket.setTimeout(limits.headerTimeoutMs);

    const leave = (): void => {
      held.delete(socket);
      socket.off('data', onData);
      socket.off('end', onEnd);
      socket.off('timeout', onTimeout);
      socket.off('error', onError);
      socket.off('close', leave);
    };
    const onData = (chunk: Buffer): void => {
      const answer = quick(chunk);
      if (answer === undefined) {
        leave();
        socket.setTimeout(0);
        parse.call(server, socket);
        socket.emit('data', chunk);
        return;
      }
      const { head, body, close } = answer;
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
      if (!state.idle) {
        state.idle = true;
        socket.setTimeout(limits.keepAliveMs);
      }
      // A client that asks and does not read gets no further answers.
      if (socket.writableNeedDrain) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
    };
    const onEnd = (): void => {
      socket.end();
    };
    const onTimeout = (): void => {
      socket.destroy();
    };
    const onError = (): void => {
      socket.destroy();
    };
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('timeout', onTimeout);
    socket.on('error', onError);
    socket.on('close', leave);
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
