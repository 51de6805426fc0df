/** Head of a response, complete. */
export interface ResponseHead {
  status: number;
  /** The head as text, without the empty line; names as sent. */
  text: string;
  /** The server will use the connection again. */
  keepAlive: boolean;
  /** The body as text, when it was asked for. */
  body?: string;
}

/** The server sent something that is not an HTTP/1.1 response. */
export class BadResponseError extends Error {
  readonly code = 'BAD_RESPONSE';
  constructor(reason: string) {
    super(`not a valid HTTP/1.1 response: ${reason}`);
    this.name = 'BadResponseError';
  }
}

export interface ResponseParser {
  /**
   * Takes the next bytes of the connection, which may be overwritten afterwards. Returns the head once the response
   * is complete; the parser then waits for the next response.
   * @throws {BadResponseError}
   */
  feed: (chunk: Buffer) => ResponseHead | undefined;
  /** The server closed the connection: completes a response whose end is the end of the connection. */
  end: () => ResponseHead | undefined;
}

const MAX_HEAD_BYTES = 65_536;
const MAX_BODY_KEPT = 1_048_576;
const CRLF = '\r\n';

/**
 * A minimal, fast reader of HTTP/1.1 answers to GET requests without pipelining: Content-Length, chunked, 204/304,
 * or body until close. Bodies are counted, and kept only when that is asked for. It exists because node:http's client would use the generator's
 * core up at a third of the connections.
 */
export function createResponseParser({ keepBody = false }: { keepBody?: boolean } = {}): ResponseParser {
  let kept: Buffer[] = [];
  let keptBytes = 0;
  const keep = (bytes: Buffer): void => {
    keptBytes += bytes.length;
    if (keptBytes > MAX_BODY_KEPT) throw new BadResponseError('a body over 1 MiB, which was to be kept');
    kept.push(Buffer.from(bytes)); // copied: the caller reuses its buffer
  };
  let pending: Buffer | undefined;
  let head: ResponseHead | undefined;
  let bodyLeft = 0;
  let chunked: ReturnType<typeof createChunkReader> | undefined;

  const done = (): ResponseHead => {
    const complete = head!;
    head = undefined;
    chunked = undefined;
    if (keepBody) complete.body = Buffer.concat(kept).toString('utf8');
    kept = [];
    keptBytes = 0;
    return complete;
  };

  const readHead = (bytes: Buffer): { rest: Buffer } | undefined => {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) {
      if (bytes.length > MAX_HEAD_BYTES) throw new BadResponseError('head over 64 KiB');
      return undefined;
    }
    const text = bytes.toString('latin1', 0, end);
    const line = /^HTTP\/1\.([01]) (\d{3})/.exec(text);
    if (line === null) throw new BadResponseError(`starts with ${JSON.stringify(text.slice(0, 20))}`);
    const status = Number(line[2]);
    const connection = headerOf(text, 'connection')?.toLowerCase();
    head = { status, text, keepAlive: line[1] === '1' ? connection !== 'close' : connection === 'keep-alive' };
    const length = headerOf(text, 'content-length');
    if (status === 204 || status === 304) bodyLeft = 0;
    else if (headerOf(text, 'transfer-encoding')?.toLowerCase() === 'chunked')
      chunked = createChunkReader(keepBody ? keep : undefined);
    else if (length !== undefined) bodyLeft = Number(length);
    else {
      bodyLeft = Number.POSITIVE_INFINITY;
      head.keepAlive = false;
    }
    if (Number.isNaN(bodyLeft)) throw new BadResponseError(`Content-Length ${length}`);
    return { rest: bytes.subarray(end + 4) };
  };

  return {
    feed(chunk) {
      let bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
      pending = undefined;
      if (head === undefined) {
        let read = readHead(bytes);
        // 1xx answers come before the real one.
        while (read !== undefined && head!.status < 200) {
          head = undefined;
          bodyLeft = 0;
          read = readHead(read.rest);
        }
        if (read === undefined) {
          pending = Buffer.from(bytes); // copied: the caller reuses its buffer
          return undefined;
        }
        bytes = read.rest;
      }
      if (chunked !== undefined) return chunked(bytes) ? done() : undefined;
      bodyLeft -= bytes.length;
      if (keepBody) keep(bytes);
      if (bodyLeft < 0) throw new BadResponseError('more bytes than Content-Length says');
      return bodyLeft === 0 ? done() : undefined;
    },
    end() {
      return head !== undefined && bodyLeft === Number.POSITIVE_INFINITY ? done() : undefined;
    },
  };
}

/** Value of the first header field of this name, or undefined. */
export function headerOf(head: string, name: string): string | undefined {
  const lower = head.toLowerCase();
  const at = lower.indexOf(`${CRLF}${name}:`);
  if (at < 0) return undefined;
  const start = at + name.length + 3;
  const end = head.indexOf(CRLF, start);
  return head.slice(start, end < 0 ? undefined : end).trim();
}

/** Reads a chunked body (RFC 9112, section 7.1); true when its last chunk and trailer are through. */
function createChunkReader(keep: ((bytes: Buffer) => void) | undefined): (bytes: Buffer) => boolean {
  let line = '';
  let dataLeft = 0; // bytes of the chunk and its CRLF still to come
  let inTrailer = false;
  return (bytes) => {
    let at = 0;
    while (at < bytes.length) {
      if (dataLeft > 0) {
        const taken = Math.min(dataLeft, bytes.length - at);
        const data = Math.min(taken, dataLeft - CRLF.length);
        if (data > 0) keep?.(bytes.subarray(at, at + data));
        dataLeft -= taken;
        at += taken;
        continue;
      }
      const newline = bytes.indexOf(10, at);
      line += bytes.toString('latin1', at, newline < 0 ? bytes.length : newline);
      if (line.length > 8_192) throw new BadResponseError('chunk line over 8 KiB');
      if (newline < 0) return false;
      at = newline + 1;
      const text = line.trim();
      line = '';
      if (inTrailer) {
        if (text === '') return true;
        continue;
      }
      const size = Number.parseInt(text, 16);
      if (!(size >= 0)) throw new BadResponseError(`chunk size ${JSON.stringify(text)}`);
      if (size === 0) inTrailer = true;
      else dataLeft = size + 2;
    }
    return false;
  };
}
