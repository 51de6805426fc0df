import type { Context } from 'koa';
import { wantsJson } from '../../engine/request/answer/accept.ts';
import { busyProblem, isRefused } from './busy.ts';

const BUSY =
  'The server has more to do than it can do at once, so nothing was changed. Please send it again in a moment.';

/**
 * The result of a form's task. Undefined: the thread pool refused the task, and the form was shown again with what was in
 * it, as a 503 with Retry-After. Programs that ask for JSON get the problem instead.
 * @param show shows the form with this message; its status is set here
 * @throws whatever else the task throws
 */
export async function orShowAgain<T>(
  ctx: Context,
  result: Promise<T>,
  show: (message: string) => void,
): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (!isRefused(error) || wantsJson(ctx.req)) throw error;
    const { status, headers } = busyProblem(error);
    show(BUSY);
    ctx.status = status;
    ctx.set(headers);
    return undefined;
  }
}
