import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { PortHandle } from '../link.ts';
import { takeParser } from '../request/connection/paced.ts';
import { attach, detach } from '../request/connection/raw-connection.ts';
import type { WaitingRoom } from './waiting-room.ts';

const NOTHING = Buffer.alloc(0);

export interface Reception {
  /** Answers a visitor of the waiting room here, as well as it goes. */
  answerHere: (handle: PortHandle, bytes: Buffer) => void;
  /** Puts those who have not asked anything yet into the waiting room: a worker is to hear them. */
  letGo: () => void;
}

/**
 * Stands before the HTTP parser of the lifeboat. A connection whose first bytes are a request that `canAnswer` goes to
 * the parser and the listeners; any other goes to the waiting room as it is, before anything of it is parsed, so that a
 * worker can read it from its first byte.
 */
export function standBefore(
  server: Server,
  headerTimeoutMs: number,
  canAnswer: (bytes: Buffer) => boolean,
  room: WaitingRoom,
): Reception {
  const parse = takeParser(server);
  /** Who has not asked anything yet, and how to stop listening to them. */
  const quiet = new Map<Socket, () => void>();
  /** Those whom only this process answers. */
  const settled = new WeakSet<Socket>();

  const listenTo = (socket: Socket): void => {
    const drop = (): void => void socket.destroy();
    const onData = (bytes: Buffer): void => {
      quiet.get(socket)?.();
      if (!canAnswer(bytes) && room.hasRoomFor(bytes.length)) {
        const handle = detach(socket);
        if (handle !== undefined) room.hold(handle, bytes);
        return;
      }
      parse(socket, bytes);
    };
    const stop = (): void => {
      quiet.delete(socket);
      socket.setTimeout(0);
      socket.off('data', onData);
      for (const event of ['end', 'timeout', 'error'] as const) socket.off(event, drop);
      socket.off('close', stop);
    };
    quiet.set(socket, stop);
    socket.setTimeout(headerTimeoutMs);
    socket.on('data', onData);
    for (const event of ['end', 'timeout', 'error'] as const) socket.on(event, drop);
    socket.on('close', stop);
  };
  server.on('connection', (socket: Socket) => {
    if (settled.has(socket)) parse(socket, NOTHING);
    else listenTo(socket);
  });

  return {
    answerHere: (handle, bytes) => attach(server, handle, bytes, (socket) => settled.add(socket)),
    letGo() {
      for (const [socket, stop] of quiet) {
        if (!room.hasRoomFor(0)) return;
        stop();
        const handle = detach(socket);
        if (handle !== undefined) room.hold(handle, NOTHING);
      }
    },
  };
}
