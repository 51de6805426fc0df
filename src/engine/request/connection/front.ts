import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { FrontConnection, type QuickAnswer } from './front-connection.ts';

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
 * Stands before the HTTP parser of a server. A connection stays here while each of its requests is a plain GET: such a
 * request gets a quick answer, or goes to the server's listeners. With the first that is not plain, connection and bytes
 * go to node:http for good. So node:http alone parses whatever is not plain, and decides what is wrong with it.
 */
export function putFront(server: Server, { headerTimeoutMs, keepAliveMs }: FrontLimits, quick: QuickAnswer): Front {
  const [parse] = server.listeners('connection') as ((socket: Socket) => void)[];
  if (parse === undefined) throw new Error('node:http has no listener for connections to stand before');
  server.off('connection', parse);
  const held = new Set<FrontConnection>();
  const front = { server, held, quick, parse, keepAliveMs };
  server.on('connection', (socket: Socket) => {
    socket.setTimeout(headerTimeoutMs);
    held.add(new FrontConnection(front, socket));
  });
  return {
    closeIdle() {
      for (const { idle, socket } of held) if (idle && socket.writableLength === 0) socket.end();
    },
    closeAll() {
      for (const { socket } of held) socket.destroy();
    },
  };
}
