import { type BoundHandle, createServerHandle } from '../../net-parts.ts';

/** What node:net asks of the handle of a listening server. */
export interface ListenHandle extends BoundHandle {
  listen: (backlog: number) => number;
}

/** The port as visitors know it. */
export interface ShownAddress {
  address: string;
  port: number;
}

/** `TCP.SERVER` of Node's tcp_wrap. */
const SERVER = 1;
let Tcp: (new (type: number) => ListenHandle) | undefined;

/**
 * A handle on which a server believes to listen, and on which nobody can arrive: it is not bound. `shown` is what
 * `server.address()` tells; `onClose` is called when the server closes it.
 */
export function muteHandle(shown: ShownAddress, onClose: () => void): ListenHandle {
  if (Tcp === undefined) {
    // Node keeps the class to itself; a handle of its own maker has it.
    const made = createServerHandle('127.0.0.1', 0, 4) as ListenHandle;
    Tcp = made.constructor as new (type: number) => ListenHandle;
    made.close();
  }
  const handle = new Tcp(SERVER);
  const { close } = handle;
  return Object.assign(handle, {
    listen: () => 0,
    getsockname(out: { address?: string; port?: number; family?: string }) {
      Object.assign(out, { ...shown, family: shown.address.includes(':') ? 'IPv6' : 'IPv4' });
      return 0;
    },
    close(done?: () => void) {
      close.call(handle, done);
      onClose();
    },
  });
}
