import { rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';

/** Streams and requests together: 32 dashboards, and what they ask besides. */
const MAX_CONNECTIONS = 128;

/**
 * Serves HTTP on a unix socket in this folder, which belongs to this user alone: the primary hands `/ops` of its admin
 * port on to it.
 */
export async function serveOn(folder: string, listener: RequestListener): Promise<{ server: Server; socket: string }> {
  const socket = join(folder, 'ops.sock');
  // Of the monitor before, which did not end in order.
  rmSync(socket, { force: true });
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000, maxHeaderSize: 16_384 }, listener);
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  return { server, socket };
}
