import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createResponseParser, type ResponseHead } from './response-parser.ts';

/** A request on its way. */
export interface Exchange {
  request: Buffer;
  /** Called once: with the complete answer, or undefined when the connection failed. */
  settle: (head: ResponseHead | undefined) => void;
  settled: boolean;
  /** Sent on a kept connection that the server may have been closing: may be sent once more (RFC 9110, section 9.2.2). */
  reused: boolean;
  connection: Connection | undefined;
}

interface Connection {
  socket: Socket;
  exchange: Exchange | undefined;
  /** Bytes of the answer to the exchange under way have come. */
  answering: boolean;
}

export interface Connections {
  /** Opens connections ahead of the first request; resolves when they are open. Rejects when one cannot be opened. */
  openIdle: (count: number) => Promise<void>;
  send: (exchange: Exchange) => void;
  /** Gives the exchange up and closes its connection. */
  abandon: (exchange: Exchange) => void;
  /** Requests that were sent a second time because a kept connection was closing. */
  retried: () => number;
  opened: () => number;
  close: () => void;
}

/**
 * Sockets to one target; `keep`: answers leave them in a pool, the one unused for longest serves next.
 * @param options `keepBody`: answers come with their bodies
 */
export function createConnections(
  target: { host: string; port: number },
  keep: boolean,
  options: { keepBody?: boolean } = {},
): Connections {
  const idle = new Set<Connection>();
  const open = new Set<Connection>();
  // Answers are handled before the next read, so that one buffer serves every socket.
  const readBuffer = Buffer.allocUnsafe(65_536);
  let retried = 0;
  let opened = 0;

  const drop = (connection: Connection): void => {
    idle.delete(connection);
    open.delete(connection);
    connection.socket.destroy();
  };

  const fail = (connection: Connection): void => {
    const { exchange, answering } = connection;
    connection.exchange = undefined;
    drop(connection);
    if (exchange === undefined || exchange.settled) return;
    if (exchange.reused && !answering) {
      retried += 1;
      dial(exchange);
      return;
    }
    exchange.settle(undefined);
  };

  const finish = (connection: Connection, head: ResponseHead): void => {
    const exchange = connection.exchange;
    connection.exchange = undefined;
    connection.answering = false;
    if (keep && head.keepAlive) idle.add(connection);
    else drop(connection);
    if (exchange !== undefined && !exchange.settled) exchange.settle(head);
  };

  const openConnection = (exchange: Exchange | undefined): Connection => {
    const parser = createResponseParser(options);
    opened += 1;
    const socket = connect({
      host: target.host,
      port: target.port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (size) => {
          if (connection.exchange === undefined) {
            fail(connection); // bytes that nobody asked for
            return false;
          }
          connection.answering = true;
          try {
            const head = parser.feed(readBuffer.subarray(0, size));
            if (head !== undefined) finish(connection, head);
          } catch {
            fail(connection); // an invalid answer counts like a broken connection
          }
          return true;
        },
      },
    });
    const connection: Connection = { socket, exchange, answering: false };
    open.add(connection);
    socket.on('error', () => fail(connection));
    socket.on('end', () => {
      const head = connection.exchange === undefined ? undefined : parser.end();
      if (head !== undefined) finish(connection, head);
      else fail(connection);
    });
    return connection;
  };

  const dial = (exchange: Exchange): void => {
    const connection = openConnection(exchange);
    exchange.connection = connection;
    exchange.reused = false;
    connection.socket.write(exchange.request);
  };

  return {
    async openIdle(count) {
      for (let number = 0; number < count; number += 1) {
        const connection = openConnection(undefined);
        await once(connection.socket, 'connect');
        idle.add(connection);
      }
    },
    send(exchange) {
      const [kept] = idle;
      if (kept === undefined) {
        dial(exchange);
        return;
      }
      idle.delete(kept);
      kept.exchange = exchange;
      exchange.connection = kept;
      exchange.reused = true;
      kept.socket.write(exchange.request);
    },
    abandon(exchange) {
      exchange.settled = true;
      if (exchange.connection !== undefined) drop(exchange.connection);
    },
    retried: () => retried,
    opened: () => opened,
    close() {
      for (const connection of open) drop(connection);
    },
  };
}
