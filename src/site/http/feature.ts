import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
} from 'cockatiel';
import type { Middleware } from 'koa';
import { TaskDeadlineError } from '../../engine/pool/errors.ts';
import type { FeatureState } from '../../engine/site.ts';
import { isRefused } from './busy.ts';
import { isDiskFull } from './disk.ts';

/** So many failures one after the other open a feature's breaker. */
const FAILURES_TO_OPEN = 5;
/** An open breaker tries one call again after this long, ms; doubling up to the maximum while that fails. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 10_000;
/** A failure shows in the health for this long, ms. */
const DEGRADED_MS = 10_000;
/** A part of a page may take this long, ms, before the page is shown without it. */
const PART_MS = 700;
/** Time left for the error page before the request's own deadline, ms. */
const RESERVE_MS = 150;
const MAX_FAULTS = 64;

/** Made on purpose in lab mode: `error`: calls fail; `slow`: they wait `ms` first; `hang`: they never end. */
export interface Fault {
  feature: string;
  kind: 'error' | 'slow' | 'hang';
  ms: number;
  /** The feature is well again after this long. */
  seconds: number;
}

/** The feature failed often just now and is left alone for a while. */
export class FeatureDownError extends Error {
  readonly code = 'FEATURE_DOWN';
  override readonly name = 'FeatureDownError';
  readonly feature: string;
  constructor(feature: string, cause?: unknown) {
    super(`the feature "${feature}" is down: its breaker is open`, { cause });
    this.feature = feature;
  }
}

/** The feature did not answer in the time it was given. */
export class FeatureTimeoutError extends Error {
  readonly code = 'FEATURE_TIMEOUT';
  override readonly name = 'FeatureTimeoutError';
  readonly feature: string;
  constructor(feature: string, withinMs: number) {
    super(`the feature "${feature}" did not answer within ${Math.round(withinMs)} ms`);
    this.feature = feature;
  }
}

/** An injected fault of kind `error`. */
export class InjectedFaultError extends Error {
  readonly code = 'INJECTED_FAULT';
  override readonly name = 'InjectedFaultError';
}

/** A part of the site that can fail without taking the rest with it. */
export interface Feature {
  readonly name: string;
  /**
   * Runs a part of a page.
   * @throws {FeatureDownError} the breaker is open; nothing was run
   * @throws {FeatureTimeoutError} not done within `withinMs` (default 700); synchronous work cannot time out
   */
  run: <T>(work: () => T | Promise<T>, withinMs?: number) => Promise<T>;
  /** Middleware for routes that are this feature alone. */
  guard: Middleware;
  /** `down` only while nothing is tried: when the breaker lets a call through again, whether one comes or not, it is better. */
  state: () => FeatureState;
}

export interface Features {
  /** The feature of this name; made when first asked for, so that the names are those of the code. */
  feature: (name: string) => Feature;
  /** Makes a feature of this worker fail for a while; a name that no feature has does nothing. */
  injectFault: (fault: Fault) => void;
  health: () => Record<string, FeatureState>;
}

/** Whether the feature is to blame: not for a visitor's mistake, nor for a busy pool or a full disk, nor for a visitor who left. */
function isFailure(error: unknown): boolean {
  if (isRefused(error) || isDiskFull(error)) return false;
  if (error instanceof TaskDeadlineError && error.cause !== undefined) return false;
  const { status, code } = error as { status?: unknown; code?: unknown };
  if (code === 'CLIENT_GONE' || code === 'SIGN_IN_NEEDED') return false;
  return typeof status !== 'number' || status >= 500;
}

export function createFeatures(now: () => number = () => performance.now()): Features {
  const features = new Map<string, Feature>();
  const faults = new Map<string, Fault & { until: number }>();

  /** Waits or throws as an injected fault wants it; undefined when there is none. */
  const suffer = (name: string): Promise<void> | undefined => {
    const fault = faults.get(name);
    if (fault === undefined) return undefined;
    if (fault.until <= now()) {
      faults.delete(name);
      return undefined;
    }
    if (fault.kind === 'error') throw new InjectedFaultError(`an injected fault of the feature "${name}"`);
    return new Promise((resolve) => {
      if (fault.kind === 'slow') setTimeout(resolve, fault.ms);
    });
  };

  const create = (name: string): Feature => {
    let failedAt = Number.NEGATIVE_INFINITY;
    /** When an open breaker tries one call again. cockatiel moves on with that call only; nobody may come to make it. */
    let retryAt = Number.NEGATIVE_INFINITY;
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

    const run: Feature['run'] = async (work, withinMs = PART_MS) => {
      try {
        return await breaker.execute(() => {
          const suffered = suffer(name);
          const result = suffered === undefined ? work() : suffered.then(work);
          return result instanceof Promise ? within(result, withinMs, name) : result;
        });
      } catch (error) {
        throw error instanceof BrokenCircuitError ? new FeatureDownError(name, error) : error;
      }
    };

    return {
      name,
      run,
      guard: (ctx, next) => run(() => next(), Math.max(1, ctx.state.visit.remainingMs() - RESERVE_MS)),
      state() {
        const open = breaker.state === CircuitState.Open;
        if (open && now() < retryAt) return 'down';
        const since = open ? retryAt : failedAt;
        return breaker.state === CircuitState.HalfOpen || now() - since < DEGRADED_MS ? 'degraded' : 'ok';
      },
    };
  };

  return {
    feature(name) {
      let found = features.get(name);
      if (found === undefined) {
        found = create(name);
        features.set(name, found);
      }
      return found;
    },
    injectFault(fault) {
      if (!features.has(fault.feature) || faults.size >= MAX_FAULTS) return;
      faults.set(fault.feature, { ...fault, until: now() + fault.seconds * 1_000 });
    },
    health: () => Object.fromEntries([...features].map(([name, feature]) => [name, feature.state()])),
  };
}

/** Longest timer of Node, ms: a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

async function within<T>(result: Promise<T>, withinMs: number, feature: string): Promise<T> {
  const expiry = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => expiry.reject(new FeatureTimeoutError(feature, withinMs)),
    Math.min(withinMs, MAX_TIMER_MS),
  );
  try {
    return await Promise.race([result, expiry.promise]);
  } finally {
    clearTimeout(timer);
  }
}
