import type { Context } from 'koa';

/** After a write: the browser loads this page of the site with GET, so that a reload does not write again. */
export function seeOther(ctx: Context, path: string): void {
  ctx.redirect(path);
  ctx.status = 303;
}
