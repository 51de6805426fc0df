import type { IncomingMessage } from 'node:http';
import type { Answered } from './answered.ts';

/** Who asked, of what is told of a request of node:http. */
export const askerOf = ({
  socket,
  method = 'GET',
  headers,
}: IncomingMessage): Pick<Answered, 'connection' | 'peer' | 'method' | 'header'> => ({
  connection: socket,
  peer: socket.remoteAddress ?? '',
  method,
  header(name) {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  },
});
