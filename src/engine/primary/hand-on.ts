import { type IncomingMessage, request, type ServerResponse } from 'node:http';

/** Requests at the monitor at once: its streams, and what their pages ask for. */
export const MAX_HANDED_ON = 96;
/** How long the monitor may take for the head of its answer, ms: it may be stopped, and an action takes its time. */
const HEAD_MS = 10_000;
/** Headers that are for one connection only (RFC 9110 section 7.6.1), and the one by which the primary tells who asks. */
const OWN = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'x-tahan-remote'];

/** Gives a request to the monitor at this socket, and its answer back. undefined: it is not up. */
export type HandOn = (request: IncomingMessage, response: ServerResponse, socket: string | undefined) => void;

/**
 * Hands requests on to the monitor. Everything streams, so that nothing is collected here; where the monitor is dead,
 * stopped or has enough to do, the answer is a 503 that says so.
 */
export function createHandOn({ max = MAX_HANDED_ON, headMs = HEAD_MS } = {}): HandOn {
  let open = 0;
  return (asked, response, socket) => {
    if (socket === undefined)
      return away(asked, response, 'The monitor is starting, or does not stay alive: try again in a moment.');
    if (open >= max) return away(asked, response, 'The dashboard has enough requests at once: try again in a moment.');
    open += 1;
    const headers = { ...asked.headers, 'x-tahan-remote': asked.socket.remoteAddress ?? 'unknown' };
    for (const name of OWN) if (name !== 'x-tahan-remote') delete headers[name as keyof typeof headers];
    const handed = request({ socketPath: socket, method: asked.method, path: asked.url, headers, agent: false });
    const late = setTimeout(() => handed.destroy(new Error(`no answer within ${headMs} ms`)), headMs);
    handed.on('response', (answer) => {
      clearTimeout(late);
      const given = { ...answer.headers };
      for (const name of OWN) delete given[name];
      response.writeHead(answer.statusCode ?? 502, given);
      answer.pipe(response);
      // The monitor died in the middle: the browser comes back.
      answer.on('close', () => {
        if (!answer.complete) response.destroy();
      });
    });
    handed.on('error', () => {
      if (response.headersSent) response.destroy();
      else
        away(asked, response, 'The monitor does not answer: it is started again by itself. The site is not touched.');
    });
    handed.on('close', () => {
      clearTimeout(late);
      open -= 1;
    });
    response.on('close', () => handed.destroy());
    asked.on('error', () => handed.destroy());
    asked.pipe(handed);
  };
}

function away(asked: IncomingMessage, response: ServerResponse, words: string): void {
  asked.resume();
  if (response.destroyed) return;
  response.writeHead(503, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'retry-after': '2',
    'x-content-type-options': 'nosniff',
  });
  response.end(asked.method === 'HEAD' ? undefined : `${words}\n`);
}
