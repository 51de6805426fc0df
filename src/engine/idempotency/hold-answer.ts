import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { callbackAmong, chunkBytes, replaceHeaders } from '../write-arguments.ts';
import { type KeptAnswer, keptHeaders, MAX_ANSWER_BYTES } from './kept-answer.ts';

export interface HeldAnswer {
  /** Gives the response back as it was; what the site has written so far is gone. */
  letGo: () => void;
}

/**
 * Holds back what the site answers until it is kept: once the visitor has an answer, every further try gets the same. The
 * methods are the response's own properties, as Express puts another prototype under it.
 * @param keep called once with the whole answer, or undefined when it is too large to be kept; the answer is sent when
 *   its promise has settled, which must not reject
 * @param beforeSent the last look at the head of a whole answer; gives the body to send
 */
export function holdAnswer(
  response: ServerResponse,
  keep: (answer: KeptAnswer | undefined, status: number) => Promise<void>,
  beforeSent: (body: Buffer) => Buffer,
): HeldAnswer {
  const parts: Buffer[] = [];
  let bytes = 0;
  let ended = false;
  /** More than can be kept: the rest goes through. */
  let through = false;

  const letGo = (): void => {
    for (const name of Object.keys(own)) delete (response as unknown as Record<string, unknown>)[name];
  };
  const collect = (chunk: unknown, encoding: unknown): void => {
    const part = chunkBytes(chunk, encoding);
    if (part === undefined) return;
    bytes += part.length;
    parts.push(part);
  };
  const passThrough = (): void => {
    through = true;
    letGo();
    void keep(undefined, response.statusCode);
    response.write(Buffer.concat(parts));
    parts.length = 0;
  };

  const own = {
    writeHead(
      status: number,
      reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
      headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
    ) {
      response.statusCode = status;
      if (typeof reason === 'string') response.statusMessage = reason;
      replaceHeaders(response, reason, headers);
      return response;
    },
    flushHeaders() {},
    write(chunk: unknown, encoding?: unknown, callback?: unknown) {
      if (ended) return true;
      collect(chunk, encoding);
      if (bytes > MAX_ANSWER_BYTES) passThrough();
      const written = callbackAmong(encoding, callback);
      if (written !== undefined) process.nextTick(written);
      return true;
    },
    end(chunk?: unknown, encoding?: unknown, callback?: unknown) {
      if (ended) return response;
      collect(chunk, encoding);
      ended = true;
      const body = Buffer.concat(parts);
      const finished = callbackAmong(chunk, encoding, callback);
      if (finished !== undefined) response.once('finish', finished);
      const { statusCode: status } = response;
      const answer: KeptAnswer | undefined =
        bytes > MAX_ANSWER_BYTES ? undefined : { status, headers: keptHeaders(response.getHeaders()), body };
      void keep(answer, status).then(() => {
        // In the meantime the engine may have answered in the site's place.
        if (response.end !== own.end) return;
        letGo();
        response.end(beforeSent(body));
      });
      return response;
    },
  };
  Object.assign(response, own);
  return {
    letGo() {
      if (!through) letGo();
    },
  };
}
