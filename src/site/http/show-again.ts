import type { Context } from 'koa';
import { takesNothing } from '../../engine/disk-errors.ts';
import { wantsJson } from '../../engine/request/answer/accept.ts';
import { busyProblem, isRefused } from './busy.ts';
import { diskProblem } from './disk.ts';

const BUSY =
  'The server has more to do than it can do at once, so nothing was changed. Please send it again in a moment.';

const KEPT = 'What you typed is still here: keep this page, or a copy of it, and send it again later.';

/**
 * The result of a form's task. Undefined: the task was refused (`isRefused`) or the disk takes nothing, and the form was shown
 * again with what was in it, as a 503 with Retry-After or a 507. Programs that ask for JSON get the problem instead.
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
    const byDisk = takesNothing(error);
    if (!(byDisk || isRefused(error)) || wantsJson(ctx.req)) throw error;
    const { status, headers, message } = byDisk ? diskProblem(error) : busyProblem(error);
    show(byDisk ? `${message} ${KEPT}` : BUSY);
    ctx.status = status;
    ctx.set(headers);
    return undefined;
  }
}
