import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { SiteSettings } from '../../engine/site.ts';
import { sessionUser } from '../data/sessions.ts';
import type { SiteParts } from '../parts.ts';
import { cookieName, readCookie, setCookie, sign, unsign } from './cookies.ts';

/**
 * Whether the request carries a session cookie that this site has signed and whose time is not over; the session may
 * have been ended since, which the database only knows.
 */
export function hasSignedCookie(request: Pick<IncomingMessage, 'headers'>, settings: SiteSettings): boolean {
  return signedId(request, settings) !== undefined;
}

/** Reads who is signed in. When the sessions cannot be read, public pages still show, as to a visitor who is not. */
export function sessions({ context, db, features, recorder }: SiteParts): Middleware {
  const { settings, log } = context;
  const feature = features.feature('sessions');
  return async (ctx, next) => {
    ctx.state.visit = context.request(ctx.req);
    ctx.state.signedIn = undefined;
    ctx.state.sessionUnknown = false;
    const sessionId = signedId(ctx.req, settings);
    if (sessionId !== undefined) {
      try {
        const found = await feature.run(() => sessionUser(db, sessionId, Date.now()));
        if (found === undefined) endSessionCookie(ctx, settings);
        else {
          ctx.state.signedIn = { member: found.user, session: found.session, sessionId };
          recorder.seen(found.session);
        }
      } catch (error) {
        log.warn({ err: error }, 'a session could not be read');
        ctx.state.sessionUnknown = true;
      }
    }
    await next();
  };
}

/** The cookie of a session that ends at `expiresAt`, epoch ms. */
export function setSessionCookie(
  ctx: Context,
  settings: SiteSettings,
  { sessionId, expiresAt }: { sessionId: string; expiresAt: number },
): void {
  const value = `${sessionId}.${Math.floor(expiresAt / 1_000)}`;
  const maxAge = Math.floor((expiresAt - Date.now()) / 1_000);
  setCookie(ctx, settings, 'session', sign(settings.sessionSecret, 'session', value), maxAge);
}

export const endSessionCookie = (ctx: Context, settings: SiteSettings): void =>
  setCookie(ctx, settings, 'session', '', 0);

/** What is signed: the session's id, and its end in epoch seconds. */
const SIGNED = /^([\w-]+)(?:\.(\d{1,12}))?$/;

/**
 * The session's id when the cookie is genuine and its time is not over.
 *
 * Versions before this one signed the id only. Such a cookie stays good until its session ends in the database: nobody is
 * signed out by an update, and browsers drop it after the same 30 days.
 */
function signedId(request: Pick<IncomingMessage, 'headers'>, settings: SiteSettings): string | undefined {
  const value = unsign(settings.sessionSecret, 'session', readCookie(request, cookieName(settings, 'session')));
  const [, sessionId, end] = (value === undefined ? null : SIGNED.exec(value)) ?? [];
  return end !== undefined && Number(end) * 1_000 <= Date.now() ? undefined : sessionId;
}
