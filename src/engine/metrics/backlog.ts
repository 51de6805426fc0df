import { closeSync, openSync, readSync } from 'node:fs';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const LISTEN = '0A';
const PAGE_BYTES = 4_096;
/** Some 3,000 listening sockets; beyond that the depth is not looked for any further. */
const MAX_BYTES = 512 * 1024;

/**
 * Depth of the accept queues of listening sockets on `port`, summed, from the text of /proc/net/tcp; undefined when
 * none listens there. The kernel shows a listening socket's accept queue as its `rx_queue` (proc(5), tcp(7)).
 */
export function parseBacklog(table: string, port: number): number | undefined {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let depth: number | undefined;
  for (const line of table.split('\n')) {
    const [, local, , state, queues] = line.trim().split(/\s+/);
    if (state !== LISTEN || !local?.endsWith(wanted)) continue;
    depth = (depth ?? 0) + Number.parseInt(queues?.split(':')[1] ?? '0', 16);
  }
  return depth;
}

/** Connections that wait to be accepted on `port`, over IPv4 and IPv6; undefined where /proc does not tell. */
export function readBacklog(port: number, tables: readonly string[] = TABLES): number | undefined {
  let depth: number | undefined;
  for (const path of tables) {
    const table = readListening(path);
    const found = table === undefined ? undefined : parseBacklog(table, port);
    if (found !== undefined) depth = (depth ?? 0) + found;
  }
  return depth;
}

/** The kernel lists listening sockets first: reading stops at the first other one, as there may be many thousands. */
function readListening(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const page = Buffer.allocUnsafe(PAGE_BYTES);
    let text = '';
    while (text.length < MAX_BYTES) {
      const length = readSync(file, page, 0, PAGE_BYTES, null);
      if (length === 0) break;
      const part = page.toString('latin1', 0, length);
      text += part;
      if (/ [0-9A-F]{8,32}:[0-9A-F]{4} (?!0A)[0-9A-F]{2} /.test(part)) break;
    }
    return text;
  } finally {
    closeSync(file);
  }
}
