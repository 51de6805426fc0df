import type { Outcome } from '../monitor-sample.ts';

/**
 * How an answer looks to a visitor. `cache`: its label in `http_requests_total`. Undefined: the engine's own paths are no
 * visitor's.
 */
export function outcomeOf(status: number, cache: string): Outcome | undefined {
  if (cache === 'engine') return undefined;
  if (cache === 'refused') return 'refused';
  if (cache === 'last_good') return 'last_good';
  if (status >= 500) return 'failed';
  if (cache === 'fresh' || cache === 'revalidate') return 'fresh';
  return cache === 'miss' ? 'rendered' : 'site';
}
