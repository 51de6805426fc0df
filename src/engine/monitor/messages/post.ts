import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Post } from './shapes.ts';

/** A message that did not arrive. Its words name no address: that may hold a secret. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  /** When the receiver wants to be asked again, ms; undefined: it did not say. */
  readonly retryAfterMs: number | undefined;
  /** It will never take it: another attempt is in vain. */
  readonly isFinal: boolean;
  constructor(text: string, { retryAfterMs, isFinal = false }: { retryAfterMs?: number; isFinal?: boolean } = {}) {
    super(text);
    this.retryAfterMs = retryAfterMs;
    this.isFinal = isFinal;
  }
}

/** 408 and 429 pass, as 5xx does; another 4xx does not. */
const isFinal = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429;

/**
 * Posts to a URL; redirects are not followed, as they could lead anywhere. Not by `fetch`, which alone takes 10 MB.
 * @throws {DeliveryError} no 2xx came
 */
export async function post(url: URL, { headers, body }: Post, id: string, signal: AbortSignal): Promise<void> {
  const { status, retryAfter } = await new Promise<{ status: number; retryAfter: string | undefined }>(
    (resolve, reject) => {
      const ask = url.protocol === 'https:' ? requestHttps : requestHttp;
      const request = ask(
        url,
        {
          method: 'POST',
          headers: {
            ...headers,
            'content-length': Buffer.byteLength(body),
            'idempotency-key': id,
            'user-agent': 'Tahan',
          },
          signal,
          agent: false,
        },
        (response) => {
          response.resume();
          resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
        },
      );
      request.on('error', (error: NodeJS.ErrnoException) =>
        reject(new DeliveryError(signal.aborted ? 'no answer in time' : `no connection (${error.code ?? error.name})`)),
      );
      request.end(body);
    },
  );
  if (status >= 200 && status < 300) return;
  const seconds = Number(retryAfter);
  throw new DeliveryError(`it answers ${status}`, {
    isFinal: isFinal(status),
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {}),
  });
}
