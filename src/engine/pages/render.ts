import { IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Rendered } from '../cache/make-page.ts';
import type { Site } from '../site.ts';
import { callbackAmong, chunkBytes, replaceHeaders } from '../write-arguments.ts';

export interface RenderTarget {
  url: string;
  host: string;
  /** Empty: the site has one language. */
  language: string;
}

/** The site's answer to a render was not one: it failed, was cut off, or is too large to hold. */
export class RenderError extends Error {
  readonly code = 'RENDER_FAILED';
  override readonly name = 'RenderError';
}

/** The client of a render: TEST-NET-1 (RFC 5737), which no visitor and no proxy has; a site may show more to loopback. */
export const RENDER_ADDRESS = '192.0.2.1';
/** The host of a render where nobody names another. */
export const STANDARD_HOST = 'localhost';
/** Largest answer that is held in memory for those who wait for it. */
const MAX_BODY_BYTES = 16_777_216;

/**
 * Asks the site for a page by a request made from the cache key alone: no visitor's header or cookie reaches it,
 * so nothing of a visitor can get into a page that others see, and a visitor who leaves ends no render.
 * @throws {RenderError}
 */
export function render(
  site: Site,
  target: RenderTarget,
  prepare: (request: IncomingMessage) => void,
): Promise<Rendered> {
  const renderStartedAt = Date.now();
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void =>
      reject(new RenderError(`the site did not render ${target.url}: ${why}`, { cause }));
    const request = requestFor(target, site.host);
    const response = new ServerResponse(request);
    capture(response, fail, (body) => {
      resolve({
        status: response.statusCode,
        headers: headersOf(response),
        body,
        renderStartedAt,
        renderMs: performance.now() - began,
      });
    });
    prepare(request);
    try {
      // A listener that is async and fails has rejected a promise of its own.
      Promise.resolve(site.handler(request, response)).catch((error: unknown) => fail(String(error), error));
    } catch (error) {
      fail(String(error), error);
    }
  });
}

function requestFor({ url, host, language }: RenderTarget, standardHost = STANDARD_HOST): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: RENDER_ADDRESS });
  const request = new IncomingMessage(socket);
  request.method = 'GET';
  request.url = url;
  request.httpVersion = '1.1';
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  request.headers = {
    host: host || standardHost,
    accept: '*/*',
    'user-agent': 'tahan',
    ...(language === '' ? {} : { 'accept-language': language }),
  };
  request.rawHeaders = Object.entries(request.headers).flat() as string[];
  request.complete = true;
  request.push(null);
  return request;
}

/**
 * Collects what is written to a response without a socket. The methods are the response's own properties, as Express
 * puts another prototype under it.
 */
function capture(response: ServerResponse, fail: (why: string) => void, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const collect = (chunk: unknown, encoding: unknown): void => {
    const part = chunkBytes(chunk, encoding);
    if (part === undefined) return;
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) fail(`its body is larger than ${MAX_BODY_BYTES} bytes`);
    else chunks.push(part);
  };
  const sendHead = (): void => {
    if (!response.headersSent) response.writeHead(response.statusCode);
  };
  Object.assign(response, {
    writeHead(
      status: number,
      reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
      headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
    ) {
      replaceHeaders(response, reason, headers);
      return ServerResponse.prototype.writeHead.call(response, status);
    },
    flushHeaders: sendHead,
    write(chunk: unknown, encoding?: unknown, callback?: unknown) {
      sendHead();
      collect(chunk, encoding);
      const written = callbackAmong(encoding, callback);
      if (written !== undefined) process.nextTick(written);
      return true;
    },
    end(chunk?: unknown, encoding?: unknown, callback?: unknown) {
      if (response.writableEnded) return response;
      sendHead();
      collect(chunk, encoding);
      response.finished = true;
      const ended = callbackAmong(chunk, encoding, callback);
      process.nextTick(() => {
        ended?.();
        response.emit('finish');
        response.emit('close');
      });
      done(Buffer.concat(chunks));
      return response;
    },
    destroy(error?: Error) {
      fail(error?.message ?? 'it closed the connection');
      process.nextTick(() => response.emit('close'));
      return response;
    },
  });
}

function headersOf(response: ServerResponse): Rendered['headers'] {
  const headers: Rendered['headers'] = {};
  for (const [name, value] of Object.entries(response.getHeaders())) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value : String(value);
  }
  return headers;
}
