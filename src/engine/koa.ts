import type { IncomingMessage } from 'node:http';
import { knownRequestInfo } from './request-info.ts';
import type { RequestInfo } from './site.ts';

/** The package's `tahan/koa`. */

/** What `tahan()` adds to the context of Koa. */
export interface TahanContext {
  /** What Tahan knows of the request: the time that is left, signal, priority, the visitor's address. Undefined under plain node. */
  tahan: RequestInfo | undefined;
}

/** Middleware of Koa: `app.use(tahan())`, then `ctx.tahan?.signal` for queries that nobody waits for any more. */
export const tahan =
  () =>
  (context: TahanContext & { req: IncomingMessage }, next: () => Promise<unknown>): Promise<unknown> => {
    context.tahan = knownRequestInfo(context.req);
    return next();
  };
