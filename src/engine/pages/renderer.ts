import type { BlockList } from 'node:net';
import type { Flight } from '../admission/route-work.ts';
import { renderTarget } from '../cache/key.ts';
import type { Rendered } from '../cache/make-page.ts';
import { type CurrentRequest, currentRequest } from '../current-request.ts';
import { DeadlineError, SiteRequestInfo } from '../request-info.ts';
import type { Route } from '../routes.ts';
import type { Priority, RoutePolicy, Site } from '../site.ts';
import { render, STANDARD_HOST } from './render.ts';

/** How long a page is kept that lacks a part, s. */
const DEGRADED_S = 1;

/** Renders pages, each within the deadline of its route. */
export class Renderer {
  private readonly site: Site;
  private readonly trusted: BlockList;
  private readonly withinMs: (policy: Pick<RoutePolicy, 'deadlineMs'>) => number;

  /** `withinMs`: time that a request of a route may take, ms. */
  constructor(site: Site, trusted: BlockList, withinMs: (policy: Pick<RoutePolicy, 'deadlineMs'>) => number) {
    this.site = site;
    this.trusted = trusted;
    this.withinMs = withinMs;
  }

  /** @throws {RenderError | DeadlineError} */
  async render(key: string, route: Route, priority: Priority, flight?: Flight): Promise<Rendered> {
    const withinMs = this.withinMs(route.policy);
    let info: SiteRequestInfo | undefined;
    const expiry = Promise.withResolvers<never>();
    const expire = (): void => {
      const error = new DeadlineError();
      info?.abort(error);
      expiry.reject(error);
    };
    const timer = withinMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(expire, withinMs);
    try {
      const current: CurrentRequest = {
        priority,
        flight,
        deadlineAt: performance.now() + withinMs,
        get signal() {
          return info?.signal;
        },
      };
      const answer = currentRequest.run(current, () =>
        render(this.site, renderTarget(key), (request) => {
          info = new SiteRequestInfo(request, priority, performance.now() + withinMs, this.trusted);
        }),
      );
      const rendered = await Promise.race([answer, expiry.promise]);
      if (current.degraded) forAMoment(rendered);
      if (route.policy.cache?.declared !== undefined && this.site.host === undefined && showsHost(key, rendered))
        rendered.headers['cache-control'] = 'private';
      return rendered;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A page with a part that is old or missing is made anew as soon as may be. */
function forAMoment({ headers }: Rendered): void {
  const control = String(headers['cache-control'] ?? '');
  if (/\b(?:private|no-store|no-cache)\b/i.test(control)) return;
  headers['cache-control'] = `public, max-age=0, s-maxage=${DEGRADED_S}`;
  for (const name of ['cdn-cache-control', 'expires']) delete headers[name];
}

/** A page that contains the host for which it was rendered is another one for each host: it is not for everybody. */
const showsHost = (key: string, { body, headers }: Rendered): boolean =>
  renderTarget(key).host === '' &&
  (body.includes(STANDARD_HOST) || Object.values(headers).some((value) => String(value).includes(STANDARD_HOST)));
