import type { IncomingMessage, ServerResponse } from 'node:http';
import { wantsJson } from './accept.ts';

export interface Why {
  status: number;
  code: string;
  message: string;
}

/** Says why a request was not taken, and ends the connection: what the client sends next may be the rest of it. */
export function tellWhy(request: IncomingMessage, response: ServerResponse, { status, code, message }: Why): void {
  const json = wantsJson(request);
  response.writeHead(status, {
    'content-type': json ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8',
    connection: 'close',
  });
  response.end(json ? `${JSON.stringify({ error: { status, code, message } })}\n` : `${message}\n`);
}
