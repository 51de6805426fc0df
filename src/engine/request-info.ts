import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { clientAddress, isSecure } from './client.ts';
import type { Priority, RequestInfo } from './site.ts';

/** From whichever copy of the package the app asks. */
const INFO = Symbol.for('tahan.request-info');

/** What the engine holds of a request that it passes to the site. Times on the clock of `performance.now()`, ms. */
export class SiteRequestInfo implements RequestInfo {
  readonly priority: Priority;
  readonly deadlineAt: number;
  readonly idempotencyKey: string | undefined;
  private readonly request: IncomingMessage;
  private readonly trusted: BlockList;
  private controller: AbortController | undefined;
  private reason: Error | undefined;

  constructor(
    request: IncomingMessage,
    priority: Priority,
    deadlineAt: number,
    trusted: BlockList,
    idempotencyKey?: string,
  ) {
    this.idempotencyKey = idempotencyKey;
    this.request = request;
    this.priority = priority;
    this.deadlineAt = deadlineAt;
    this.trusted = trusted;
    (request as { [INFO]?: SiteRequestInfo })[INFO] = this;
  }

  /** Made when first asked for: most pages never look at it. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.reason !== undefined) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  get aborted(): boolean {
    return this.reason !== undefined;
  }

  remainingMs(): number {
    return this.deadlineAt - performance.now();
  }

  get clientAddress(): string {
    return clientAddress(this.request, this.trusted);
  }

  get secure(): boolean {
    return isSecure(this.request, this.trusted);
  }

  abort(reason: Error): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.controller?.abort(reason);
  }
}

/** The time for a request is over. */
export class DeadlineError extends Error {
  readonly code = 'DEADLINE';
  override readonly name = 'DeadlineError';
  constructor() {
    super('the deadline of the request has passed');
  }
}

/** The visitor has closed the connection. */
export class ClientGoneError extends Error {
  readonly code = 'CLIENT_GONE';
  override readonly name = 'ClientGoneError';
  constructor() {
    super('the visitor has closed the connection');
  }
}

/**
 * What the engine knows of a request.
 * @throws {TypeError} for a request that did not come through the engine
 */
export function requestInfoOf(request: IncomingMessage): SiteRequestInfo {
  const info = knownRequestInfo(request);
  if (info === undefined) throw new TypeError('this request did not come through Tahan');
  return info;
}

/** As `requestInfoOf`; undefined for a request that did not come through the engine. */
export const knownRequestInfo = (request: IncomingMessage): SiteRequestInfo | undefined =>
  (request as { [INFO]?: SiteRequestInfo })[INFO];
