import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { PortHandle } from '../../link.ts';
import { type Front, putFront } from './front.ts';
import type { Elsewhere, QuickAnswer } from './front-connection.ts';
import { endUnreadable } from './paced.ts';
import { cutStalled } from './stalled.ts';

export interface ServerLimits {
  headerTimeoutMs: number;
  requestTimeoutMs: number;
  keepAliveMs: number;
  maxConnections: number;
}

/** The listening side of a worker or the lifeboat: borrows the port, gives it back, drains. */
export interface PortServer {
  readonly server: Server;
  readonly connections: number;
  readonly listening: boolean;
  listen: (handle: PortHandle, backlog: number, done: (problem?: Error) => void) => void;
  /** Closes its own copy of the port; connections already open go on. */
  leave: () => void;
  /**
   * Leaves, and lets open requests finish. Idle connections are closed after `idleMs`: until then a request may be on
   * its way over one, and its answer ends it. Resolves when all are closed, at most after `withinMs`.
   */
  drain: (withinMs: number, idleMs: number) => Promise<void>;
  /** New answers carry `Connection: close`. */
  readonly draining: boolean;
}

export const REQUEST_HEAD_BYTES = 16_384;

/** node:http with every limit set: head 16 KiB, time-outs, connections. */
export function createPortServer(
  limits: ServerLimits,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  onConnection: () => void,
  quick?: QuickAnswer,
  elsewhere?: Elsewhere,
): PortServer {
  const server = createServer(
    {
      headersTimeout: limits.headerTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(5_000, limits.headerTimeoutMs),
      maxHeaderSize: REQUEST_HEAD_BYTES,
      noDelay: true,
      insecureHTTPParser: false,
    },
    onRequest,
  );
  server.maxConnections = limits.maxConnections;
  const front: Front | undefined =
    quick === undefined ? undefined : putFront(server, limits, quick, undefined, elsewhere);
  let open = 0;
  let draining = false;
  const closed = (): void => {
    open -= 1;
  };
  server.on('connection', (socket: Socket) => {
    open += 1;
    socket.on('close', closed);
    onConnection();
  });
  cutStalled(server);
  server.on('clientError', onClientError);
  // Answered after admission: a client that is refused need not send its body.
  server.on('checkContinue', onRequest);

  const leave = (): void => {
    // http.Server.close() would also cut idle keep-alive connections, whose next request may be on its way.
    if (server.listening) NetServer.prototype.close.call(server);
  };
  return {
    server,
    get connections() {
      return open;
    },
    get listening() {
      return server.listening;
    },
    get draining() {
      return draining;
    },
    listen(handle, backlog, done) {
      const failed = (problem: Error): void => done(problem);
      server.once('error', failed);
      // `listen(handle, backlog)` is documented; the types know `handle` only as `any`.
      (server.listen as (handle: PortHandle, backlog: number, listening: () => void) => void).call(
        server,
        handle,
        backlog,
        () => {
          server.off('error', failed);
          done();
        },
      );
    },
    leave,
    async drain(withinMs, idleMs) {
      draining = true;
      leave();
      const since = performance.now();
      const passedMs = (): number => performance.now() - since;
      while (open > 0 && passedMs() < withinMs) {
        if (passedMs() >= idleMs) {
          server.closeIdleConnections();
          front?.closeIdle();
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      server.closeAllConnections();
      front?.closeAll();
    },
  };
}

const ANSWERS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** A request that cannot be read gets a short answer, and its connection ends. */
function onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = ANSWERS[error.code ?? ''] ?? '400 Bad Request';
  const body = `${status.slice(4)}: the server could not read this request.\n`;
  endUnreadable(
    socket,
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
