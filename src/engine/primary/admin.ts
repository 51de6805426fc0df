import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { hostNameOf, isAddress, isLoopbackAddress, isLoopbackHost } from '../host-name.ts';
import { OPENMETRICS_TYPE, TEXT_TYPE, wantsOpenMetrics } from '../metrics/exposition.ts';
import { paceConnections } from '../request/connection/paced.ts';
import { cutStalled } from '../request/connection/stalled.ts';
import { createHandOn, type HandOn } from './hand-on.ts';
import { PortError, portProblem } from './port.ts';

/** What the admin port shows. */
export interface AdminSources {
  health: () => { status: 200 | 503; body: string };
  exposition: (openMetrics: boolean) => Promise<string>;
  /** The fleet as JSON: workers, their state and last beat. */
  fleet: () => unknown;
  /** The unix socket on which the monitor serves `/ops`; undefined: it is not up. Absent: there is none. */
  opsSocket?: () => string | undefined;
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
/** 32 dashboards with a stream each, what they ask for besides, and scrapes. */
const MAX_CONNECTIONS = 160;
/** Misdirected Request (RFC 9110 section 15.5.20). */
const MISDIRECTED = 421;

/**
 * The admin port, served by the primary itself so that it answers whatever the workers do. It answers to loopback names,
 * to `host`, to `names`, and where it listens beyond loopback to any address: a page in a browser of this machine must not
 * read it by a DNS name of its own (DNS rebinding).
 * @throws {PortError} the port cannot be had
 */
export async function startAdmin(
  host: string,
  port: number,
  names: readonly string[],
  sources: AdminSources,
): Promise<{ server: Server; port: number }> {
  const known = new Set([host, ...names].map(hostNameOf));
  const isBeyondLoopback = !isLoopbackHost(host) && !isLoopbackAddress(host);
  const isForUs = (given: string | undefined): boolean =>
    // A browser always sends Host.
    given === undefined ||
    isLoopbackHost(given) ||
    known.has(hostNameOf(given)) ||
    (isBeyondLoopback && isAddress(given));
  const handOn = createHandOn();
  const server = createServer(
    { headersTimeout: 5_000, requestTimeout: 5_000, maxHeaderSize: 8_192 },
    (request, response) => {
      void answer(request, response, sources, handOn, isForUs(request.headers.host));
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  paceConnections(server);
  cutStalled(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new PortError(portProblem(error.code ?? '', host, port, 'TAHAN_ADMIN_PORT')));
    });
    server.listen(port, host, resolve);
  });
  return { server, port: (server.address() as { port: number }).port };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  sources: AdminSources,
  handOn: HandOn,
  isForUs: boolean,
): Promise<void> {
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, {
      'content-type': type,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (!isForUs) {
    send(
      MISDIRECTED,
      TEXT,
      'The admin port does not answer to this host name. Ask for it as localhost or 127.0.0.1, or name the host in TAHAN_ADMIN_HOST, TAHAN_HOSTS or TAHAN_PUBLIC_URL.\n',
    );
    return;
  }
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (sources.opsSocket !== undefined && (path === '/ops' || path.startsWith('/ops/'))) {
    handOn(request, response, sources.opsSocket());
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    send(405, TEXT, 'Only GET and HEAD here.\n');
    return;
  }
  switch (path) {
    case '/health': {
      const { status, body } = sources.health();
      send(status, JSON_TYPE, body);
      return;
    }
    case '/health/live':
      send(200, JSON_TYPE, '{"live":true}\n');
      return;
    case '/health/ready': {
      const { status } = sources.health();
      send(status, JSON_TYPE, `{"ready":${status === 200}}\n`);
      return;
    }
    case '/metrics':
      try {
        const openMetrics = wantsOpenMetrics(request.headers.accept);
        send(200, openMetrics ? OPENMETRICS_TYPE : TEXT_TYPE, await sources.exposition(openMetrics));
      } catch (error) {
        send(
          500,
          TEXT,
          `The metrics could not be put together: ${error instanceof Error ? error.message : String(error)}\n`,
        );
      }
      return;
    case '/fleet':
      send(200, JSON_TYPE, `${JSON.stringify(sources.fleet())}\n`);
      return;
    default:
      send(404, TEXT, 'Here are /health, /health/live, /health/ready, /metrics, /fleet and /ops.\n');
  }
}
