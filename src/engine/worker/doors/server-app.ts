import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { App } from './app.ts';

/** Asks the listeners of a server that does not accept itself: the ones it has at that time. */
export function serverApp(server: Server): App {
  return {
    kind: 'http.Server',
    handler(request: IncomingMessage, response: ServerResponse) {
      let answer: unknown;
      // Called here and not by `emit`: what an async listener promises is to be seen when it fails.
      for (const listener of server.rawListeners('request'))
        answer = listener.call(server, request, response) ?? answer;
      return answer;
    },
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => server.emit('upgrade', request, socket, head),
  };
}
