import type { BlockList } from 'node:net';
import type { Flight } from '../admission/route-work.ts';
import { renderTarget } from '../cache/key.ts';
import type { Rendered } from '../cache/make-page.ts';
import { currentRequest } from '../current-request.ts';
import { DeadlineError, SiteRequestInfo } from '../request-info.ts';
import type { Route } from '../routes.ts';
import type { Priority, Site } from '../site.ts';
import { render } from './render.ts';

/** Renders pages, each within the deadline of its route. */
export class Renderer {
  private readonly site: Site;
  private readonly trusted: BlockList;
  private readonly deadlineMs: number;

  /** `deadlineMs`: for routes whose policy names none. */
  constructor(site: Site, trusted: BlockList, deadlineMs: number) {
    this.site = site;
    this.trusted = trusted;
    this.deadlineMs = deadlineMs;
  }

  /** @throws {RenderError | DeadlineError} */
  async render(key: string, route: Route, priority: Priority, flight?: Flight): Promise<Rendered> {
    const withinMs = route.policy.deadlineMs ?? this.deadlineMs;
    let info: SiteRequestInfo | undefined;
    const expiry = Promise.withResolvers<never>();
    const expire = (): void => {
      const error = new DeadlineError();
      info?.abort(error);
      expiry.reject(error);
    };
    // 0: none.
    const timer = withinMs === 0 ? undefined : setTimeout(expire, withinMs);
    try {
      const answer = currentRequest.run({ priority, flight }, () =>
        render(this.site, renderTarget(key), (request) => {
          const deadlineAt = withinMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + withinMs;
          info = new SiteRequestInfo(request, priority, deadlineAt, this.trusted);
        }),
      );
      return await Promise.race([answer, expiry.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
