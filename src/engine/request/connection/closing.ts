import type { Socket } from 'node:net';

/** After its last answer so much of what a client still sends is read and dropped, bytes and ms (nginx: lingering_close). */
export const LINGER_BYTES = 16_777_216;
export const LINGER_MS = 5_000;

/**
 * Ends a connection whose client may still be sending. Were it closed at once, the kernel would answer what comes with a
 * reset, and a reset takes the answer from the client before it has read it: so the rest is read and dropped for a while.
 */
export function closeWhileItSends(socket: Socket): void {
  let dropped = 0;
  for (const listener of socket.listeners('data')) socket.off('data', listener as () => void);
  socket.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > LINGER_BYTES) socket.destroy();
  });
  socket.resume();
  // How long the client may take over the answer itself is bounded for itself (stalled.ts).
  socket.once('finish', () => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once('close', () => clearTimeout(timer));
  });
  socket.end();
}

/** A FIN so soon after a request is a client that has no more to say and waits for its answer, ms. */
export const HALF_CLOSE_MS = 250;

/**
 * Whether a client that ends its side has left, and does not only say that it asks no more. A FIN does not tell: who asks
 * once and ends, does so at once; who gives up, does so later. `askedAt`, `now`: clock of `performance.now()`, ms.
 */
export const hasLeft = (askedAt: number, now: number): boolean => now - askedAt > HALF_CLOSE_MS;
