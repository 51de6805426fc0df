import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
} from 'cockatiel';
import { currentRequest } from '../current-request.ts';
import { isFailure } from './blame.ts';
import { FeatureDownError, FeatureFullError, FeatureTimeoutError, InjectedFaultError } from './errors.ts';
import { PoolShare, poolShare } from './pool-share.ts';
import type { Fault, Feature, FeatureOptions } from './types.ts';

/** So many failures one after the other open a feature's breaker. */
const FAILURES_TO_OPEN = 5;
/** An open breaker tries one call again after this long, ms; doubling up to the maximum while that fails. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 10_000;
/** A failure shows in the health for this long, ms. */
const DEGRADED_MS = 10_000;
/** A part of a page may take this long, ms, before the page is shown without it. */
const PART_MS = 700;
/** Time left for the rest of the page before the request's own deadline, ms. */
export const RESERVE_MS = 150;
/** Longest timer of Node, ms: a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How a call of a feature ended, for the metrics. */
export type FeatureOutcome = 'ok' | 'failed' | 'timeout' | 'down' | 'full';

/** For the engine: what else it does with a feature. */
export interface EngineFeature extends Feature {
  options: FeatureOptions;
  /** Nothing would be run now. */
  isDown: () => boolean;
  /** `deadlineMs` where the feature says so. */
  runWhole: <T>(work: () => Promise<T>) => Promise<T>;
}

export interface FeatureParts {
  now: () => number;
  /** Calls that a worker may have under way. */
  asyncLimit: () => number;
  count: (feature: string, outcome: FeatureOutcome) => void;
}

export function createFeature(name: string, given: FeatureOptions, parts: FeatureParts): EngineFeature {
  const { now } = parts;
  const options = { ...given };
  const threads = new PoolShare(() => options.share ?? 1);
  let failedAt = Number.NEGATIVE_INFINITY;
  /** When an open breaker tries one call again. cockatiel moves on with that call only; nobody may come to make it. */
  let retryAt = Number.NEGATIVE_INFINITY;
  let fault: (Fault & { until: number }) | undefined;
  let underWay = 0;

  const breaker = circuitBreaker(handleWhen(isFailure), {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    halfOpenAfter: new DelegateBackoff(({ attempt }) => {
      const pauseMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1));
      retryAt = now() + pauseMs;
      return pauseMs;
    }),
  });
  breaker.onFailure(({ handled }) => {
    if (handled) failedAt = now();
  });

  /** Waits or throws as an injected fault wants it; undefined when there is none. */
  const suffer = (): Promise<void> | undefined => {
    if (fault === undefined) return undefined;
    const { kind, ms, until } = fault;
    if (until <= now()) {
      fault = undefined;
      return undefined;
    }
    if (kind === 'error') throw new InjectedFaultError(`an injected fault of the feature "${name}"`);
    return new Promise((resolve) => {
      if (kind === 'slow') setTimeout(resolve, ms);
    });
  };

  const execute = async <T>(
    work: (control: { signal: AbortSignal }) => T | Promise<T>,
    withinMs: number,
  ): Promise<T> => {
    // One call is the probe; whoever comes meanwhile is told at once, where cockatiel would have them wait for it.
    if (breaker.state === CircuitState.HalfOpen) throw new FeatureDownError(name);
    const limit = Math.max(1, Math.floor((options.share ?? 1) * parts.asyncLimit()));
    if (underWay >= limit) throw new FeatureFullError(name, limit);
    underWay += 1;
    try {
      return await breaker.execute(() => {
        const timer = new AbortController();
        const signal = currentRequest.getStore()?.signal;
        const control = {
          // Made when it is asked for: most work does not look at it.
          get signal() {
            return signal === undefined ? timer.signal : AbortSignal.any([signal, timer.signal]);
          },
        };
        const run = (): T | Promise<T> =>
          options.share === undefined ? work(control) : poolShare.run(threads, () => work(control));
        const suffered = suffer();
        const result = suffered === undefined ? run() : suffered.then(run);
        return result instanceof Promise ? within(result, withinMs, name, timer) : result;
      });
    } catch (error) {
      throw error instanceof BrokenCircuitError ? new FeatureDownError(name, error) : error;
    } finally {
      underWay -= 1;
    }
  };

  const counted = async <T>(call: Promise<T>): Promise<T> => {
    try {
      const result = await call;
      parts.count(name, 'ok');
      return result;
    } catch (error) {
      parts.count(name, outcomeOf(error));
      throw error;
    }
  };

  const isDown = (): boolean =>
    breaker.state === CircuitState.HalfOpen || (breaker.state === CircuitState.Open && now() < retryAt);

  return {
    name,
    options,
    isDown,
    run: (work, withinMs = options.deadlineMs ?? PART_MS) => {
      const left = (currentRequest.getStore()?.deadlineAt ?? Number.POSITIVE_INFINITY) - performance.now() - RESERVE_MS;
      return counted(execute(work, Math.max(1, Math.min(withinMs, left))));
    },
    runWhole: (work) => counted(execute(work, options.deadlineMs ?? MAX_TIMER_MS)),
    state() {
      const open = breaker.state === CircuitState.Open;
      if (open && now() < retryAt) return 'down';
      const since = open ? retryAt : failedAt;
      return breaker.state === CircuitState.HalfOpen || now() - since < DEGRADED_MS ? 'degraded' : 'ok';
    },
    injectFault(wanted) {
      fault = { ...wanted, until: now() + wanted.seconds * 1_000 };
    },
  };
}

function outcomeOf(error: unknown): FeatureOutcome {
  if (error instanceof FeatureDownError) return 'down';
  if (error instanceof FeatureFullError) return 'full';
  if (error instanceof FeatureTimeoutError) return 'timeout';
  return isFailure(error) ? 'failed' : 'ok';
}

async function within<T>(result: Promise<T>, withinMs: number, feature: string, control: AbortController): Promise<T> {
  const expiry = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => {
      const error = new FeatureTimeoutError(feature, withinMs);
      control.abort(error);
      expiry.reject(error);
    },
    Math.min(withinMs, MAX_TIMER_MS),
  );
  try {
    return await Promise.race([result, expiry.promise]);
  } finally {
    clearTimeout(timer);
  }
}
