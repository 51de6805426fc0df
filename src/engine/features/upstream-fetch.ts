import { setTimeout as delay } from 'node:timers/promises';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  type IPolicy,
  wrap,
} from 'cockatiel';
import { currentRequest } from '../current-request.ts';
import { tracedHeaders } from '../trace.ts';
import { RESERVE_MS } from './feature.ts';
import { RetryBudget } from './retry-budget.ts';
import type { UpstreamFetch } from './types.ts';

/** Origins that are told apart; the one asked longest ago makes room. */
export const MAX_ORIGINS = 100;
/** Calls to one origin at a time, and those that wait for a place. */
export const MAX_CALLS = 64;
const MAX_WAITING = 64;
const FAILURES_TO_OPEN = 5;
const FIRST_OPEN_MS = 1_000;
const LAST_OPEN_MS = 30_000;
/** What a call may take where neither it nor its request says, ms. */
const TIMEOUT_MS = 5_000;
/** Further tries of one call, and the pause before the first, doubled each time, each drawn from nothing up to it, ms. */
const MAX_RETRIES = 2;
const FIRST_PAUSE_MS = 50;

/** Methods that may be sent twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
/** The other side, or what is before it, is busy or away. */
const AWAY = new Set([502, 503, 504]);

/** A call was not made: the origin failed often just now, or has too many calls under way. */
export class UpstreamUnavailableError extends Error {
  readonly code = 'UPSTREAM_UNAVAILABLE';
  override readonly name = 'UpstreamUnavailableError';
  readonly status = 503;
  constructor(origin: string, why: string, cause: unknown) {
    super(`${origin} was not asked: ${why}`, { cause });
  }
}

/** An answer that says "not now": a failure to the breaker, and the answer after all when no try is left. */
class AwayError extends Error {
  readonly response: Response;
  constructor(response: Response) {
    super(`answered with ${response.status}`);
    this.response = response;
  }
}

export type UpstreamOutcome = 'ok' | 'failed' | 'retried' | 'refused';

export interface UpstreamParts {
  fetch?: typeof fetch;
  budget?: RetryBudget;
  count?: (outcome: UpstreamOutcome) => void;
}

interface Origin {
  policy: IPolicy;
  isProbing: () => boolean;
}

function createOrigin(): Origin {
  const breaker = circuitBreaker(
    handleWhen((error) => (error as { name?: unknown }).name !== 'AbortError'),
    {
      breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
      halfOpenAfter: new ExponentialBackoff({ initialDelay: FIRST_OPEN_MS, maxDelay: LAST_OPEN_MS }),
    },
  );
  return {
    policy: wrap(bulkhead(MAX_CALLS, MAX_WAITING), breaker),
    // One call is the probe; the others are told at once, where cockatiel would have them wait for it.
    isProbing: () => breaker.state === CircuitState.HalfOpen,
  };
}

export function createUpstreamFetch({
  fetch: send = fetch,
  budget = new RetryBudget(),
  count,
}: UpstreamParts = {}): UpstreamFetch {
  const origins = new Map<string, Origin>();
  const originOf = (name: string): Origin => {
    const origin = origins.get(name) ?? createOrigin();
    origins.delete(name);
    origins.set(name, origin);
    for (const oldest of origins.keys()) {
      if (origins.size <= MAX_ORIGINS) break;
      origins.delete(oldest);
    }
    return origin;
  };

  return async (url, { timeoutMs = TIMEOUT_MS, retries, ...init } = {}) => {
    const { origin: name } = new URL(url);
    const origin = originOf(name);
    const current = currentRequest.getStore();
    const left = (current?.deadlineAt ?? Number.POSITIVE_INFINITY) - performance.now() - RESERVE_MS;
    const endsAt = performance.now() + Math.max(1, Math.min(timeoutMs, left));
    const signals = [AbortSignal.timeout(Math.ceil(endsAt - performance.now()))];
    if (current?.signal !== undefined) signals.push(current.signal);
    if (init.signal) signals.push(init.signal);
    const signal = AbortSignal.any(signals);
    const isStream = init.body instanceof ReadableStream;
    const mayRetry =
      !isStream &&
      (IDEMPOTENT.has((init.method ?? 'GET').toUpperCase()) || new Headers(init.headers).has('idempotency-key'));
    const most = retries ?? (mayRetry ? MAX_RETRIES : 0);
    const traced = current?.trace === undefined ? {} : { headers: tracedHeaders(init.headers, current.trace) };
    budget.noteCall();
    for (let tries = 0; ; tries++) {
      let failure: unknown;
      try {
        if (origin.isProbing()) throw new BrokenCircuitError();
        const response = await origin.policy.execute(async () => {
          signal.throwIfAborted();
          const answer = await send(url, { ...init, ...traced, signal });
          if (AWAY.has(answer.status)) throw new AwayError(answer);
          return answer;
        });
        count?.('ok');
        return response;
      } catch (error) {
        failure = error;
      }
      if (failure instanceof BrokenCircuitError || failure instanceof BulkheadRejectedError) {
        count?.('refused');
        const why =
          failure instanceof BrokenCircuitError ? 'it failed often just now' : `${MAX_CALLS} calls are under way`;
        throw new UpstreamUnavailableError(name, why, failure);
      }
      const answer = failure instanceof AwayError ? failure.response : undefined;
      const askedMs = (Number(answer?.headers.get('retry-after') ?? 0) || 0) * 1_000;
      const pauseMs = askedMs + Math.random() * FIRST_PAUSE_MS * 2 ** tries;
      if (signal.aborted || tries >= most || performance.now() + pauseMs >= endsAt || !budget.take()) {
        count?.('failed');
        if (answer !== undefined) return answer;
        throw failure;
      }
      // The connection is free again only when the body of the answer is taken.
      await answer?.body?.cancel();
      count?.('retried');
      await delay(pauseMs, undefined, { signal });
    }
  };
}
