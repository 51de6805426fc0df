import type { IncomingMessage, ServerResponse } from 'node:http';

/** State of one feature of the site, as `/health` shows it. */
export const FEATURE_STATES = ['ok', 'degraded', 'down'] as const;
export type FeatureState = (typeof FEATURE_STATES)[number];

export interface FeatureOptions {
  /** What a call of the feature may take, ms. Default: 700 for a part of a page, the route's own deadline for a route. */
  deadlineMs?: number;
  /** Its share of what a worker may have under way at once (TAHAN_ASYNC_LIMIT), and of the pool's threads, 0 to 1. Default 1. */
  share?: number;
  /** Answers in the place of a route of this feature while it is down or late. Default: a 503 that says so. */
  fallback?: (request: IncomingMessage, response: ServerResponse) => unknown;
}

/** Made on purpose: `error`: calls fail; `slow`: they wait `ms` first; `hang`: they never end. */
export interface Fault {
  kind: 'error' | 'slow' | 'hang';
  ms: number;
  /** The feature is well again after this long. */
  seconds: number;
}

/** A part of a site that can fail without taking the rest with it. */
export interface Feature {
  readonly name: string;
  /**
   * Runs a part of a page: `work` gets a signal that aborts when its time is over.
   * @throws {FeatureDownError} the breaker is open, or its one probe is under way; nothing was run
   * @throws {FeatureFullError} its share is used up; nothing was run
   * @throws {FeatureTimeoutError} not done within `withinMs` (default: `deadlineMs`), or 150 ms before the request's own
   *   deadline; synchronous work cannot time out
   */
  run: <T>(work: (control: { signal: AbortSignal }) => T | Promise<T>, withinMs?: number) => Promise<T>;
  /** `down` only while nothing is tried: when the breaker lets a call through again, whether one comes or not, it is better. */
  state: () => FeatureState;
  /** Makes it fail on purpose for a while, in this worker. */
  injectFault: (fault: Fault) => void;
}

export interface FragmentOptions {
  /** Shown for so long without being made anew, ms; 0: made anew for each page, and kept for need only. */
  ttlMs: number;
  /** `context.purge` of one of them makes it anew (soft) or takes it away (hard). */
  tags?: readonly string[];
  /** Of many parts under one name, such as one for each member. */
  key?: string | number;
  /** What making it may take before the page goes without, ms. Default: that of the feature of this name, 700. */
  deadlineMs?: number;
}

/** A part of a page. `value` is undefined only where `state` is `missing`. */
export type FragmentResult<T> =
  | { state: 'fresh'; value: T; ageMs: number; error?: undefined }
  /** The last good copy, as the part could not be made now. */
  | { state: 'stale'; value: T; ageMs: number; error: unknown }
  /** There is nothing to show but a small notice. */
  | { state: 'missing'; value: undefined; ageMs: 0; error: unknown };

export type Fragment = <T>(
  name: string,
  options: FragmentOptions,
  render: (control: { signal: AbortSignal }) => T | Promise<T>,
) => Promise<FragmentResult<T>>;

export interface UpstreamOptions extends RequestInit {
  /** What all tries may take together, ms; never longer than the request on whose behalf it is made. */
  timeoutMs?: number;
  /** Further tries; 0: none. Default: 2 for an idempotent method or a call with an `Idempotency-Key`, else 0. */
  retries?: number;
}

/**
 * fetch with the request's deadline, a breaker and a bound for each origin, and retries within a budget.
 * @throws {UpstreamUnavailableError} it was not made
 * @throws what fetch throws; `TimeoutError` when its time is over
 */
export type UpstreamFetch = (url: string | URL, options?: UpstreamOptions) => Promise<Response>;

/** The tools by which a site degrades part by part. */
export interface SiteTools {
  feature: (name: string, options?: FeatureOptions) => Feature;
  fragment: Fragment;
  fetch: UpstreamFetch;
}
