import type { Limiter } from '../../engine/site.ts';
import { Problem } from './problem.ts';

/**
 * Takes a point of each key.
 * @throws {Problem} 429 with Retry-After when one has none left
 */
export async function spend(taken: readonly (readonly [limiter: Limiter, key: string])[]): Promise<void> {
  const answers = await Promise.all(taken.map(([limiter, key]) => limiter.take(key)));
  const waitMs = Math.max(
    0,
    ...answers.filter(({ allowed }) => !allowed).map(({ retryAfterMs }) => Math.max(1, retryAfterMs)),
  );
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1_000);
  throw new Problem(
    429,
    'TOO_MANY_REQUESTS',
    `That was tried too often. Please wait ${inWords(seconds)} and try again.`,
    {
      headers: { 'Retry-After': String(seconds) },
    },
  );
}

const inWords = (seconds: number): string => {
  if (seconds < 90) return `${seconds} second${seconds === 1 ? '' : 's'}`;
  return `${Math.ceil(seconds / 60)} minutes`;
};
