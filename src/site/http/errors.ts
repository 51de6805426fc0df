import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';
import { takesNothing } from '../../engine/disk-errors.ts';
import { FeatureDownError, FeatureFullError, FeatureTimeoutError } from '../../engine/features/errors.ts';
import { RENDER_ADDRESS } from '../../engine/pages/render.ts';
import { wantsJson } from '../../engine/request/answer/accept.ts';
import { busyProblem, isBusy } from './busy.ts';
import { diskProblem } from './disk.ts';
import { notFound, Problem, unavailable } from './problem.ts';
import { SignInNeeded } from './require.ts';
import { seeOther } from './see-other.ts';
import type { Views } from './views.ts';

const METHOD_NOT_ALLOWED = 405;

const HEADINGS: Record<number, string> = {
  400: 'That did not come through right',
  401: 'Please sign in first',
  403: 'This door stays closed',
  404: 'This page is not on the map',
  405: 'That cannot be done here',
  413: 'That is more than we can carry',
  429: 'A little slower, please',
  500: 'A wave came over the wall',
  503: 'One moment, please',
  507: 'The hold is full',
};

const heading = (status: number): string => HEADINGS[status] ?? (status < 500 ? 'That did not work' : HEADINGS[500]!);

/** What a thrown value means to the visitor. Only a message meant for visitors is shown. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isBusy(error)) return busyProblem(error);
  if (takesNothing(error)) return diskProblem(error);
  if (error instanceof FeatureDownError || error instanceof FeatureFullError || error instanceof FeatureTimeoutError) {
    return unavailable(
      error.code,
      `This part of the site (${error.feature}) is taking a break. The rest works; please try again shortly.`,
      5,
      error,
    );
  }
  const { status, expose, message, code } = error as Partial<Record<'status' | 'expose' | 'message' | 'code', unknown>>;
  // node:zlib, of a body that is not what its Content-Encoding says.
  if (typeof code === 'string' && code.startsWith('Z_'))
    return new Problem(400, 'BAD_REQUEST', 'The body could not be unpacked.', { cause: error });
  if (status === 413)
    return new Problem(413, 'BODY_TOO_LARGE', 'What you sent is larger than this site accepts.', { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem(
      status,
      'BAD_REQUEST',
      expose === true ? String(message) : 'The request could not be understood.',
      { cause: error },
    );
  }
  return new Problem(500, 'INTERNAL', 'Something went wrong on our side. It has been noted; please try again.', {
    cause: error,
  });
}

/** Turns whatever goes wrong further in into a friendly page, or problem JSON (RFC 9457) for clients that ask for JSON. */
export function errorPages(views: Views, log: Logger): Middleware {
  const answer = (ctx: Context, problem: Problem): void => {
    for (const name of ['Cache-Tag', 'Content-Disposition', 'ETag', 'Link']) ctx.remove(name);
    ctx.status = problem.status;
    ctx.set(problem.headers);
    if (ctx.state.visit.clientAddress === RENDER_ADDRESS && !ctx.res.hasHeader('Set-Cookie')) {
      // For all who ask for the page: one kind, for people, and a missing page may be said to be missing for a moment.
      ctx.set('Cache-Control', problem.status === 404 ? 'public, max-age=0, s-maxage=1' : 'no-store');
    } else {
      ctx.set('Cache-Control', 'no-store');
      ctx.vary('Accept');
    }
    if (wantsJson(ctx.req)) {
      const { status, title, message: detail, code } = problem;
      ctx.body = JSON.stringify({ type: 'about:blank', title, status, detail, code });
      ctx.type = 'application/problem+json';
      return;
    }
    try {
      views.page(ctx, 'errors/error', { title: heading(problem.status), heading: heading(problem.status), problem });
    } catch (error) {
      log.error({ err: error }, 'the error page could not be rendered');
      ctx.type = 'text/plain';
      ctx.body = `${problem.status} ${problem.title}\n${problem.message}\n`;
    }
  };

  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === METHOD_NOT_ALLOWED) {
        throw new Problem(METHOD_NOT_ALLOWED, 'METHOD_NOT_ALLOWED', `${ctx.method} is not possible here.`);
      }
      if (ctx.status === 404 && ctx.body === undefined) throw notFound();
    } catch (error) {
      if (error instanceof SignInNeeded && !ctx.headerSent) {
        seeOther(ctx, error.location);
        return;
      }
      const problem = toProblem(error);
      // Past the deadline, or without a visitor, the engine has answered already and counted it.
      const gone = ctx.state.visit?.signal.aborted === true;
      if (problem.status === 500 && !gone)
        log.error({ err: error, route: ctx._matchedRoute, method: ctx.method }, 'a request failed');
      if (ctx.headerSent) {
        ctx.res.destroy();
        return;
      }
      answer(ctx, problem);
    }
  };
}
