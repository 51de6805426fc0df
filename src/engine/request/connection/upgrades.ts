import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Site } from '../../site.ts';
import { guarded } from '../guarded.ts';
import { releaseUpgraded } from './paced.ts';
import type { PortServer } from './port-server.ts';

/** A WebSocket's close frame with code 1012, "service restart" (RFC 6455 section 5.5.1, IANA's list of codes). */
const SERVICE_RESTART = Buffer.from([0x88, 0x02, 0x03, 0xf4]);
/** Time for the other end to close a connection that was ended here, ms. */
const END_MS = 1_000;
const NO_ROOM = 'HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n';

/** Connections of a worker that speak another protocol by now. */
export interface Upgrades {
  readonly open: number;
  /** Tells all of them that the server restarts, and closes them; new ones are refused. */
  end: () => void;
}

/** Passes requests for another protocol to the site; one more than `most` at once is refused. */
export function passUpgrades(
  { server }: Pick<PortServer, 'server'>,
  site: Pick<Site, 'upgrade'>,
  most: number,
  count: (outcome: 'open' | 'refused' | 'not_taken') => void,
  onSiteError: (error: unknown) => void,
): Upgrades {
  const isTaken = guarded(site.upgrade?.bind(site), false, onSiteError);
  const open = new Map<Duplex, boolean>();
  let ending = false;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // node:http listens no longer: an error of the connection must not end the worker.
    socket.on('error', () => socket.destroy());
    releaseUpgraded(socket as Socket);
    if (ending || open.size >= most) {
      count('refused');
      socket.end(NO_ROOM, () => socket.destroy());
      return;
    }
    open.set(socket, request.headers.upgrade?.toLowerCase() === 'websocket');
    socket.on('close', () => open.delete(socket));
    const taken = isTaken(request, socket, head) === true;
    count(taken ? 'open' : 'not_taken');
    if (!taken) socket.destroy();
  });
  return {
    get open() {
      return open.size;
    },
    end() {
      ending = true;
      for (const [socket, isWebSocket] of open) {
        socket.end(isWebSocket ? SERVICE_RESTART : undefined);
        setTimeout(() => socket.destroy(), END_MS).unref();
      }
    },
  };
}
