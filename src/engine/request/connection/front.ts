import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { type Elsewhere, FrontConnection, type QuickAnswer } from './front-connection.ts';
import { MISSING_PARTS } from './node-parts.ts';
import { takeParser } from './paced.ts';

const NOBODY: Elsewhere = { active: false, takes: () => false };
/** Longest time between two looks at the connections that are due, ms: so much later than told one may end. */
const MAX_LOOK_MS = 1_000;

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
 * @param elsewhere takes connections whose request another process is to answer
 * @param missingParts names of what this runtime lacks to give plain GETs to the listeners; with any, node:http reads them
 */
export function putFront(
  server: Server,
  { headerTimeoutMs, keepAliveMs }: FrontLimits,
  quick: QuickAnswer,
  missingParts = MISSING_PARTS,
  elsewhere: Elsewhere = NOBODY,
): Front {
  const parse = takeParser(server);
  const held = new Set<FrontConnection>();
  // One clock for all connections: a timer for each is set anew with every request, and costs a tenth of a tiny answer.
  const lookMs = Math.min(MAX_LOOK_MS, Math.ceil(Math.min(headerTimeoutMs, keepAliveMs) / 4));
  const canExchange = missingParts.length === 0;
  const front = { server, held, quick, elsewhere, canExchange, parse, keepAliveMs, now: performance.now(), lookMs };
  let looking: NodeJS.Timeout | undefined;
  const look = (): void => {
    front.now = performance.now();
    for (const connection of held) if (connection.dueAt <= front.now) connection.due();
    if (held.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  };
  server.on('connection', (socket: Socket) => {
    if (looking === undefined) {
      front.now = performance.now();
      looking = setInterval(look, lookMs).unref();
    }
    held.add(new FrontConnection(front, socket, headerTimeoutMs));
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
