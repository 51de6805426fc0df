import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDirectLoopback } from '../client.ts';
import { OPENMETRICS_TYPE, TEXT_TYPE, wantsOpenMetrics } from '../metrics/exposition.ts';
import type { BrowserFiles } from './browser-files.ts';
import type { EnginePath } from './decide.ts';
import { createStatusPage, type StatusPage } from './status-page.ts';

/** How this process and the server are, for those who ask from outside. */
export interface ServerStatus {
  /** What the primary last told of the whole server. */
  health(): { status: 200 | 503; body: string };
  /** The site is loaded and this process takes visitors. */
  ready(): boolean;
  /** The exposition of the whole server; undefined when it cannot be had now. */
  exposition(openMetrics: boolean): Promise<string | undefined>;
}

export interface EngineRoutesParts {
  status: ServerStatus;
  /** Bearer token of /metrics; empty: loopback only. */
  metricsToken: string;
  /** Headers that every answer carries, name and value in turn. */
  extraHeaders: readonly string[];
  files: BrowserFiles;
  siteName: string;
  /** Counts an answer. */
  record: (path: EnginePath, request: IncomingMessage, response: ServerResponse) => void;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

/** What the engine itself answers on the public port, before any gate. */
export class EngineRoutes {
  private readonly parts: EngineRoutesParts;
  private readonly statusPage: () => StatusPage;

  constructor(parts: EngineRoutesParts) {
    this.parts = parts;
    this.statusPage = createStatusPage(parts.siteName, () => parts.status.health());
  }

  answer(request: IncomingMessage, response: ServerResponse, path: EnginePath): void {
    const { status, metricsToken } = this.parts;
    const send = (code: number, type: string, body: string): void =>
      this.send(request, response, path, code, type, body);
    // To all but those who may scrape, /metrics is not there.
    if (path === '/metrics' && !mayScrape(request, metricsToken)) {
      send(404, TEXT, 'There is nothing here.\n');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(405, TEXT, 'Only GET and HEAD here.\n');
      return;
    }
    switch (path) {
      case '/health': {
        const health = status.health();
        send(health.status, JSON_TYPE, health.body);
        break;
      }
      case '/health/live':
        send(200, JSON_TYPE, '{"live":true}\n');
        break;
      case '/health/ready': {
        const ready = status.ready();
        send(ready ? 200 : 503, JSON_TYPE, `{"ready":${ready}}\n`);
        break;
      }
      case '/metrics': {
        const openMetrics = wantsOpenMetrics(request.headers.accept);
        void status.exposition(openMetrics).then((text) => {
          if (text === undefined) send(503, TEXT, 'The metrics cannot be had right now.\n');
          else send(200, openMetrics ? OPENMETRICS_TYPE : TEXT_TYPE, text);
        });
        break;
      }
      case '/status': {
        const { headers, body } = this.statusPage();
        this.send(request, response, path, 200, headers, body);
        break;
      }
      default: {
        const { headers, body } = this.parts.files.file(path);
        this.send(request, response, path, 200, headers, body);
      }
    }
  }

  private send(
    request: IncomingMessage,
    response: ServerResponse,
    path: EnginePath,
    code: number,
    given: string | Readonly<Record<string, string>>,
    body: string,
  ): void {
    const { extraHeaders, record } = this.parts;
    for (let at = 0; at < extraHeaders.length; at += 2) response.setHeader(extraHeaders[at]!, extraHeaders[at + 1]!);
    const headers = typeof given === 'string' ? { 'content-type': given, 'cache-control': 'no-store' } : given;
    response.writeHead(code, {
      ...headers,
      'content-length': String(Buffer.byteLength(body)),
      'x-content-type-options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    record(path, request, response);
  }
}

/** /metrics on the public port is for a direct client on this machine, or one with the token. */
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
