import net from 'node:net';

/** What of node:net is not documented, or told by a channel only; the runtime is pinned, and this module alone holds it. */

/** Published where a server begins to listen, before it has a handle (Node.js docs, "TracingChannel net.server.listen"). */
export const LISTEN_CHANNEL = 'tracing:net.server.listen:asyncStart';

/** A bound handle, which does not listen yet, as node:cluster makes it; a number: the error of the system. */
export interface BoundHandle {
  getsockname: (out: { address?: string; port?: number; family?: string }) => number;
  close: (done?: () => void) => void;
}

/** A handle by address and port, or with three times `null` of an open file descriptor. */
type CreateServerHandle = {
  (address: string, port: number, family: 4 | 6): BoundHandle | number;
  (address: null, port: null, family: null, fd: number): BoundHandle | number;
};

export const createServerHandle = (net as unknown as { _createServerHandle: CreateServerHandle })._createServerHandle;
