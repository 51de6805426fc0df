import type { Context } from 'koa';
import type { CachePolicy } from '../../engine/site.ts';

/**
 * Marks an answer as the same for everybody who is not signed in: the engine keeps it for the policy's time (`s-maxage`),
 * browsers ask each time, as what they should see changes when they sign in. Members' pages stay private.
 * @param tags purging one of them ends the copy
 */
export function publicPage(ctx: Context, cache: CachePolicy, tags: readonly string[]): void {
  if (ctx.state.signedIn !== undefined || ctx.state.sessionUnknown || ctx.res.hasHeader('Set-Cookie')) return;
  ctx.set('Cache-Control', `public, max-age=0, s-maxage=${Math.round(cache.ttlMs / 1_000)}`);
  ctx.set('Cache-Tag', tags.join(', '));
}

/** Of one visitor alone, unless a handler says otherwise. */
export const PRIVATE = 'private, no-store';

/**
 * A form that somebody types for long: no cache serves it to others, but the browser may keep it for the way back.
 * Firefox forgets what was typed into a page that is `no-store`.
 */
export const KEPT_FORM = 'private, no-cache';
