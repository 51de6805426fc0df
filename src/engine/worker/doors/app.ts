import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** An app of others, by the way in which it is asked. */
export interface App {
  /** What it was recognised as: told by `tahan doctor`. */
  kind: string;
  handler: (request: IncomingMessage, response: ServerResponse) => unknown;
  /** A client wants another protocol (WebSocket). False: the app does not take it. */
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
}
