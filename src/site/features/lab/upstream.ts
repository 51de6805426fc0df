import { Agent, get } from 'node:http';

/** The upstream of `/lab/fetch` failed, or answered with another status than 200. */
export class UpstreamError extends Error {
  readonly code = 'LAB_UPSTREAM';
  readonly status = 502;
  constructor(reason: string) {
    super(`the upstream of /lab/fetch ${reason}`);
    this.name = 'UpstreamError';
  }
}

const LOOPBACK = /^http:\/\/127(\.\d{1,3}){3}:\d{1,5}\//;

/**
 * Asks an upstream on loopback, over kept connections, as many at once as there are requests: what bounds them is the
 * engine's business.
 * @param url from TAHAN_INTERNAL_LAB_UPSTREAM; `undefined` when there is none
 * @throws {UpstreamError}
 */
export function createUpstream(url: string | undefined): (signal: AbortSignal) => Promise<void> {
  const agent = new Agent({ keepAlive: true });
  return (signal) =>
    new Promise((resolve, reject) => {
      if (url === undefined || !LOOPBACK.test(url)) {
        reject(new UpstreamError('is not set: TAHAN_INTERNAL_LAB_UPSTREAM names a URL of 127.0.0.0/8'));
        return;
      }
      const fail = ({ message }: Error): void => reject(new UpstreamError(`failed: ${message}`));
      get(url, { agent, signal }, (answer) => {
        answer.once('error', fail);
        answer.once('end', () =>
          answer.statusCode === 200 ? resolve() : reject(new UpstreamError(`answered ${answer.statusCode}`)),
        );
        answer.resume();
      }).once('error', fail);
    });
}
