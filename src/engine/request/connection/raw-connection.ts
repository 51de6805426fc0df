import type { Server } from 'node:http';
import { Socket } from 'node:net';
import type { PortHandle } from '../../link.ts';

/** What this module needs of node:net's own handle of a connection; the runtime is pinned. */
interface ConnectionHandle extends PortHandle {
  readStop: () => number;
  reading: boolean;
  /** What was given to the kernel, and what of it the kernel has not taken yet, bytes. */
  bytesWritten: number;
  writeQueueSize: number;
}

/** What the kernel has taken of all that was written to a connection, bytes: more than before when its client reads. */
export function takenBytes(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: ConnectionHandle | null };
  return handle === null ? 0 : handle.bytesWritten - handle.writeQueueSize;
}

/**
 * Takes the connection out of a socket, unread from here on: what the client sends waits in the kernel. The socket is
 * closed, the connection is not. Undefined: the connection is gone. Not for a socket that node:http reads already.
 */
export function detach(socket: Socket): PortHandle | undefined {
  const inside = socket as unknown as { _handle: ConnectionHandle | null };
  const handle = inside._handle;
  if (handle === null) return undefined;
  handle.readStop();
  handle.reading = false;
  // Left in the socket, the handle would be read again: a stream reads ahead by itself.
  inside._handle = null;
  socket.destroy();
  return handle;
}

/** Gives a connection to a server as if it had been accepted there, with what was read of it before. */
export function attach(server: Server, handle: PortHandle, bytes: Buffer, before?: (socket: Socket) => void): void {
  // As node:net's own server makes the socket of a connection; the types know `handle` only there.
  const socket = new Socket({ handle, allowHalfOpen: true, readable: true, writable: true } as object);
  socket.setNoDelay(true);
  before?.(socket);
  server.emit('connection', socket);
  if (bytes.length > 0 && !socket.destroyed) socket.emit('data', bytes);
}
