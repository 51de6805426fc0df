import type { IncomingMessage, ServerResponse } from 'node:http';

/** An app that is only exported, in TypeScript. */
export default function listener(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/') response.end('<h1>Main page</h1>');
  else if (request.url === '/ip') response.end(request.socket.remoteAddress);
  else if (request.url === '/pid') response.end(String(process.pid));
  else if (request.url === '/slow') setTimeout(() => response.end('slow'), 200);
  else response.writeHead(404).end();
}
