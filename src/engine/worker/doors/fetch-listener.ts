import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

/** An app in the manner of the web: Hono, and `export default { fetch }`. */
export interface FetchApp {
  fetch: (request: Request, ...rest: unknown[]) => Response | Promise<Response>;
}

/** The listener of an app that takes a `Request` and gives a `Response` (WHATWG Fetch). */
export function fetchListener(app: FetchApp): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.once('close', () => gone.abort());
    // Hono's own adapter hands these two to the app, too.
    const answer = await app.fetch(requestOf(incoming, gone.signal), { incoming, outgoing });
    await write(answer, outgoing);
  };
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  const { rawHeaders } = incoming;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
  const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? 'localhost'}`);
  const method = incoming.method ?? 'GET';
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal });
  // A body that streams needs `duplex`, which the types do not know.
  const body = Readable.toWeb(incoming) as unknown as BodyInit;
  return new Request(url, { method, headers, signal, body, duplex: 'half' } as RequestInit);
}

async function write(answer: Response, outgoing: ServerResponse): Promise<void> {
  // Several cookies are several fields (RFC 6265 section 3); Headers gives one of each.
  const head = [...answer.headers].flat();
  if (answer.statusText === '') outgoing.writeHead(answer.status, head);
  else outgoing.writeHead(answer.status, answer.statusText, head);
  if (answer.body === null) {
    outgoing.end();
    return;
  }
  const reader = answer.body.getReader();
  outgoing.once('close', () => void reader.cancel().catch(() => {})); // what is left belongs to nobody
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (!outgoing.write(value)) await drained(outgoing);
    if (outgoing.destroyed) return;
  }
  outgoing.end();
}

/** The client has read, or has left. */
const drained = (outgoing: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done);
      outgoing.off('close', done);
      resolve();
    };
    outgoing.on('drain', done);
    outgoing.on('close', done);
  });
