import type { Link } from '../link.ts';
import type { PortServer } from '../request/connection/port-server.ts';
import { attach } from '../request/connection/raw-connection.ts';

/** Serves the connections that the lifeboat accepted while no worker answered. */
export function takeConnections(link: Link, server: PortServer, maxConnections: number): void {
  link.on('take', ({ id, bytes }, handle) => {
    if (handle === undefined || !server.listening || server.connections >= maxConnections) {
      handle?.close();
      link.send({ type: 'taken', id, taken: false });
      return;
    }
    // First it is said, then the request is read: should this worker die between the two, no other one runs it again.
    link.send({ type: 'taken', id, taken: true }, undefined, (problem) => {
      if (problem === null) attach(server.server, handle, Buffer.from(bytes, 'base64'));
      else handle.close();
    });
  });
}
