import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { SiteSettings } from '../../engine/site.ts';
import { SESSION_MS, sessionUser } from '../data/sessions.ts';
import type { SiteParts } from '../parts.ts';
import { cookieName, readCookie, setCookie, sign, unsign } from './cookies.ts';

/** Whether the request carries a session cookie that this site has signed; the session may have ended since. */
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

export function setSessionCookie(ctx: Context, settings: SiteSettings, sessionId: string): void {
  setCookie(ctx, settings, 'session', sign(settings.sessionSecret, 'session', sessionId), SESSION_MS / 1_000);
}

export const endSessionCookie = (ctx: Context, settings: SiteSettings): void =>
  setCookie(ctx, settings, 'session', '', 0);

function signedId(request: Pick<IncomingMessage, 'headers'>, settings: SiteSettings): string | undefined {
  return unsign(settings.sessionSecret, 'session', readCookie(request, cookieName(settings, 'session')));
}
