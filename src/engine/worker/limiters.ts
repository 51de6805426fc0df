import { RateLimiterCluster, RateLimiterRes } from 'rate-limiter-flexible';
import { BoundedLimiter } from '../bounded-limiter.ts';
import type { Limiter } from '../site.ts';

/** Longest wait for the primary's count, ms; then this worker counts alone. */
const TIMEOUT_MS = 500;
/** Most keys of one limiter that this worker counts alone: the primary is away for seconds at most, or all has ended. */
export const MAX_KEYS = 1_000;

/** Limiters whose counts the primary keeps for all workers. */
export function createLimiterDesk(): (name: string, limit: { points: number; seconds: number }) => Limiter {
  const made = new Map<string, Limiter>();
  return (name, { points, seconds }) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const shared = new RateLimiterCluster({ keyPrefix: name, points, duration: seconds, timeoutMs: TIMEOUT_MS });
    const alone = new BoundedLimiter({ keyPrefix: name, points, duration: seconds }, MAX_KEYS);
    const limiter: Limiter = {
      async take(key) {
        try {
          await shared.consume(key);
          return { allowed: true, retryAfterMs: 0 };
        } catch (answer) {
          if (answer instanceof RateLimiterRes) return { allowed: false, retryAfterMs: answer.msBeforeNext };
        }
        // The primary did not answer in time: better to count too little than to lock everybody out.
        return alone.consume(key).then(
          () => ({ allowed: true, retryAfterMs: 0 }),
          (answer: RateLimiterRes) => ({ allowed: false, retryAfterMs: answer.msBeforeNext }),
        );
      },
      async giveBack(key) {
        await Promise.allSettled([shared.reward(key), alone.reward(key)]);
      },
      async reset(key) {
        await Promise.allSettled([shared.delete(key), alone.delete(key)]);
      },
    };
    made.set(name, limiter);
    return limiter;
  };
}
