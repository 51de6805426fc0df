import { randomBytes } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import type { SiteSettings } from '../../engine/site.ts';
import { cookieName, readCookie, sameText, setCookie, sign, signature, unsign } from './cookies.ts';
import { Problem } from './problem.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

const refused = (why: string): Problem =>
  new Problem(
    403,
    'CSRF',
    `${why} For your safety nothing was changed. Please go back, reload the page and try again.`,
  );

/**
 * Gives every form its token: for a member one bound to the session, for others one bound to a signed cookie
 * (OWASP: signed double submit). The cookie is set when a form is first rendered.
 */
export function csrfTokens(settings: SiteSettings): Middleware {
  return async (ctx, next) => {
    let token: string | undefined;
    ctx.state.csrf = () => {
      token ??=
        ctx.state.signedIn === undefined
          ? anonymousToken(ctx, settings)
          : memberToken(ctx.state.signedIn.sessionId, settings);
      return token;
    };
    await next();
  };
}

/** Refuses a write that another site may have caused, or whose token is not the one that the form was given. */
export function csrfCheck(settings: SiteSettings): Middleware {
  return async (ctx, next) => {
    if (!SAFE_METHODS.has(ctx.method)) {
      checkOrigin(ctx, settings);
      const given = ctx.get('X-CSRF-Token') || (ctx.request.body as { _csrf?: unknown } | undefined)?._csrf;
      const expected = expectedToken(ctx, settings);
      if (typeof given !== 'string' || expected === undefined || !sameText(given, expected)) {
        throw refused('The form had no valid token: perhaps the page was open for long, or cookies are off.');
      }
    }
    await next();
  };
}

const memberToken = (sessionId: string, settings: SiteSettings): string =>
  signature(settings.sessionSecret, 'csrf-session', sessionId);

function anonymousId(ctx: Context, settings: SiteSettings): string | undefined {
  return unsign(settings.sessionSecret, 'form', readCookie(ctx.req, cookieName(settings, 'form')));
}

function anonymousToken(ctx: Context, settings: SiteSettings): string {
  let id = anonymousId(ctx, settings);
  if (id === undefined) {
    id = randomBytes(18).toString('base64url');
    setCookie(ctx, settings, 'form', sign(settings.sessionSecret, 'form', id));
  }
  return signature(settings.sessionSecret, 'csrf-form', id);
}

function expectedToken(ctx: Context, settings: SiteSettings): string | undefined {
  if (ctx.state.signedIn !== undefined) return memberToken(ctx.state.signedIn.sessionId, settings);
  const id = anonymousId(ctx, settings);
  return id === undefined ? undefined : signature(settings.sessionSecret, 'csrf-form', id);
}

/**
 * The browser says where a request comes from: Sec-Fetch-Site on TLS and localhost, Origin elsewhere (OWASP: fetch metadata).
 * The first counts alone, as Host may have been rewritten by a proxy. Clients that send neither are not browsers that could
 * be tricked; the token still counts for them.
 */
function checkOrigin(ctx: Context, settings: SiteSettings): void {
  const site = ctx.get('Sec-Fetch-Site');
  if (site === 'same-origin') return;
  const origin = ctx.get('Origin');
  const own =
    origin === '' ||
    origin === settings.publicUrl ||
    (URL.canParse(origin) && new URL(origin).host === ctx.get('Host').toLowerCase());
  if (site !== '' || !own) throw refused('The form was sent from another site.');
}
