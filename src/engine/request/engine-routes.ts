import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDirectLoopback } from './client.ts';

/** What the engine itself answers on the public port, before any gate. */
export interface EngineRoutes {
  /** Answers when the path is the engine's; else false. */
  answer: (request: IncomingMessage, response: ServerResponse, path: string) => boolean;
}

export interface EngineRoutesParts {
  health: () => { status: 200 | 503; body: string };
  /** The site is loaded and this process takes visitors. */
  ready: () => boolean;
  /** The exposition of the whole server; undefined when it cannot be had now. */
  exposition: () => Promise<string | undefined>;
  /** Bearer token of /metrics; empty: loopback only. */
  metricsToken: string;
  stamp: Record<string, string>;
  record: (route: string, request: IncomingMessage, response: ServerResponse) => void;
}

const JSON_TYPE = 'application/json; charset=utf-8';

export function createEngineRoutes(parts: EngineRoutesParts): EngineRoutes {
  const send = (
    request: IncomingMessage,
    response: ServerResponse,
    route: string,
    status: number,
    type: string,
    body: string,
    more: Record<string, string> = {},
  ): void => {
    response.writeHead(status, {
      'content-type': type,
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...parts.stamp,
      ...more,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    parts.record(route, request, response);
  };

  const metrics = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await parts.exposition();
    if (text === undefined)
      send(request, response, '/metrics', 503, 'text/plain; charset=utf-8', 'The metrics cannot be had right now.\n');
    else send(request, response, '/metrics', 200, 'text/plain; version=0.0.4; charset=utf-8', text);
  };

  return {
    answer(request, response, path) {
      if (path.charCodeAt(1) !== 104 /* h */ && path.charCodeAt(1) !== 109 /* m */) return false;
      const open = path === '/metrics' && mayScrape(request, parts.metricsToken);
      if (path !== '/health' && path !== '/health/live' && path !== '/health/ready' && !open) return false;
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        send(request, response, path, 405, 'text/plain; charset=utf-8', 'Only GET and HEAD here.\n', {
          allow: 'GET, HEAD',
        });
      } else if (open) {
        void metrics(request, response);
      } else if (path === '/health') {
        const { status, body } = parts.health();
        send(request, response, path, status, JSON_TYPE, body);
      } else if (path === '/health/live') {
        send(request, response, path, 200, JSON_TYPE, '{"live":true}\n');
      } else {
        const ready = parts.ready();
        send(request, response, path, ready ? 200 : 503, JSON_TYPE, `{"ready":${ready}}\n`);
      }
      return true;
    },
  };
}

/** /metrics on the public port is for a direct client on this machine, or one with the token; to all others it is not there. */
function mayScrape(request: IncomingMessage, token: string): boolean {
  if (isDirectLoopback(request)) return true;
  const given = request.headers.authorization ?? '';
  return token !== '' && given.startsWith('Bearer ') && sameText(given.slice(7), token);
}

/** Compares in a time that tells nothing about where two texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
