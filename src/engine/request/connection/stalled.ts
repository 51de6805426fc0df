import type { Server, Socket } from 'node:net';
import { takenBytes } from './raw-connection.ts';

/**
 * How long a client may take no byte of what waits for it, ms; then it is cut. So is one that has ended its side and is sent
 * nothing: a stream that is silent would not find out that nobody listens.
 */
export const STALLED_MS = 30_000;
/** Looks at all connections in that time. */
const LOOKS = 6;

interface Progress {
  taken: number;
  /** When that was first seen. */
  since: number;
}

/**
 * Cuts the connections of a server whose clients do not take their answers. The time-out of a socket would not do: a
 * client that goes on asking renews it.
 */
export function cutStalled(server: Server, stalledMs = STALLED_MS): void {
  const open = new Set<Socket>();
  /** Of those for whom something waits, and of those that have ended their side: they ask no more, and may have left. */
  const waiting = new WeakMap<Socket, Progress>();
  let looking: NodeJS.Timeout | undefined;

  const look = (): void => {
    const now = performance.now();
    for (const socket of open) {
      if (socket.writableLength === 0 && !socket.readableEnded) {
        waiting.delete(socket);
        continue;
      }
      const taken = takenBytes(socket);
      const before = waiting.get(socket);
      if (before === undefined || before.taken !== taken) waiting.set(socket, { taken, since: now });
      // With a reset: an orderly end would wait for the client, and the kernel would keep what it has not sent.
      else if (now - before.since >= stalledMs) socket.resetAndDestroy();
    }
  };
  function forget(this: Socket): void {
    open.delete(this);
    if (open.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  }
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', forget);
    looking ??= setInterval(look, stalledMs / LOOKS).unref();
  });
}
