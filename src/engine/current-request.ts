import { AsyncLocalStorage } from 'node:async_hooks';
import type { Flight } from './admission/route-work.ts';
import type { Priority } from './site.ts';
import type { Trace } from './trace.ts';

/** What the engine must know of the request, or render, on whose behalf the site's code runs. */
export interface CurrentRequest {
  readonly priority: Priority;
  /** Its job on the way; undefined where it has none. */
  readonly flight: Flight | undefined;
  /** Of a request that is to be done once: its key for the site (`RequestInfo.idempotencyKey`). */
  readonly siteKey?: string | undefined;
  /** Aborts at its deadline, or when its visitor has left. */
  readonly signal?: AbortSignal | undefined;
  /** On the clock of `performance.now()`, ms; Infinity: none. */
  readonly deadlineAt?: number;
  /** That its client told. A render has none: it is for everybody. */
  readonly trace?: Trace | undefined;
  /** A part of the page could not be made: the page is good for a moment only. */
  degraded?: boolean;
}

/**
 * The request on whose behalf the code that runs now was called: so that a task of the pool has the priority of its
 * request, and its route learns that it uses the pool, without a word of the site.
 */
export const currentRequest = new AsyncLocalStorage<CurrentRequest>();
