import type { Limiter } from '../../engine/site.ts';
import { isRefused } from './busy.ts';
import { Problem } from './problem.ts';

type Taken = readonly (readonly [limiter: Limiter, key: string])[];

/**
 * One after the other: who is refused by one key takes nothing of those after it. So the address comes first and the
 * account after it, and a blocked address cannot use up the tries of an account's owner.
 */
async function spend(taken: Taken): Promise<void> {
  for (const [limiter, key] of taken) {
    const { allowed, retryAfterMs } = await limiter.take(key);
    if (!allowed) throw tooOften(Math.ceil(Math.max(1, retryAfterMs) / 1_000));
  }
}

/**
 * Takes a point of each key, as they stand, for the work. When the thread pool refuses the work, nothing was tried: the
 * points are given back, or an honest visitor who tries again in a surge would be locked out by it.
 * @throws {Problem} 429 with Retry-After when a key has no point left; and whatever the work throws
 */
export async function limited<T>(taken: Taken, work: () => Promise<T>): Promise<T> {
  await spend(taken);
  try {
    return await work();
  } catch (error) {
    if (isRefused(error)) await Promise.all(taken.map(([limiter, key]) => limiter.giveBack(key)));
    throw error;
  }
}

const tooOften = (seconds: number): Problem =>
  new Problem(429, 'TOO_MANY_REQUESTS', `That was tried too often. Please wait ${inWords(seconds)} and try again.`, {
    headers: { 'Retry-After': String(seconds) },
  });

const inWords = (seconds: number): string => {
  if (seconds < 90) return `${seconds} second${seconds === 1 ? '' : 's'}`;
  return `${Math.ceil(seconds / 60)} minutes`;
};
