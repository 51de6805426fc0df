import { RateLimiterClusterMaster, type RateLimiterMemory } from 'rate-limiter-flexible';
import { BoundedLimiter } from '../bounded-limiter.ts';

/**
 * Most keys of one limiter in the primary. At 0.5 KB each in the heap (1.1 KB of memory in a flood, measured) the built-in
 * site's seven limiters stay below 40 MB whoever attacks; and 5,000 keys in 5 minutes are 16 visitors a second who sign in.
 */
export const MAX_KEYS = 5_000;

/**
 * Keeps the counts of all workers' limiters in this process, at most MAX_KEYS of each.
 *
 * The library makes a limiter without a bound when the first worker asks for it, and lets nobody else make it. So what it
 * puts into its list is exchanged on the way.
 * @throws {TypeError} another version of rate-limiter-flexible keeps its list elsewhere
 */
export function keepLimiters(maxKeys = MAX_KEYS): void {
  const master = new RateLimiterClusterMaster() as unknown as { _rateLimiters?: Record<string, RateLimiterMemory> };
  if (typeof master._rateLimiters !== 'object')
    throw new TypeError(
      'rate-limiter-flexible has no _rateLimiters any more: engine/primary/limiters.ts cannot bound them',
    );
  master._rateLimiters = new Proxy(Object.create(null) as Record<string, RateLimiterMemory>, {
    set(limiters, name: string, { keyPrefix, points, duration }: RateLimiterMemory) {
      limiters[name] = new BoundedLimiter({ keyPrefix, points, duration }, maxKeys);
      return true;
    },
  });
}
