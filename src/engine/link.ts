import type { Logger } from 'pino';
import { type Downward, downwardSchema, type Upward } from './beats.ts';

/** A handle of the port, or of a connection, as it travels between processes; only node:net looks inside. */
export type PortHandle = { close: () => void };

export interface Link {
  /** `handle` travels with the message and stays open here; `done` is told when the message is on its way, or why not. */
  send: (message: Upward, handle?: PortHandle, done?: (problem: Error | null) => void) => void;
  /** One listener per type of message. */
  on: <Type extends Downward['type']>(
    type: Type,
    listener: (message: Extract<Downward, { type: Type }>, handle: PortHandle | undefined) => void,
  ) => void;
}

/** The rate limiter's library and node:cluster talk on the same channel: theirs name a `channel`, or have no `type`. */
export const isOurs = (raw: unknown): boolean =>
  typeof raw === 'object' && raw !== null && 'type' in raw && !('channel' in raw);

/** The channel of a worker or the lifeboat to the primary. When the primary is gone, `onLost` is called once. */
export function linkToPrimary(log: Logger, onLost: () => void): Link {
  const listeners = new Map<string, (message: never, handle: PortHandle | undefined) => void>();
  process.on('message', (raw: unknown, handle: unknown) => {
    if (!isOurs(raw)) return;
    const parsed = downwardSchema.safeParse(raw);
    if (!parsed.success) {
      log.warn({ problem: parsed.error.issues[0]?.message }, 'message from the primary is not valid');
      return;
    }
    listeners.get(parsed.data.type)?.(parsed.data as never, handle as PortHandle | undefined);
  });
  process.once('disconnect', onLost);
  return {
    send(message, handle, done = () => {}) {
      // A closing channel is no news here: `disconnect` follows and ends the process.
      if (process.connected) process.send?.(message, handle as never, undefined, done);
    },
    on(type, listener) {
      listeners.set(type, listener as (message: never, handle: PortHandle | undefined) => void);
    },
  };
}
