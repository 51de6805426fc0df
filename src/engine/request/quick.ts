import type { Dispatcher } from '../admission/dispatcher.ts';
import type { RouteWork } from '../admission/route-work.ts';
import type { Page } from '../cache/page.ts';
import { answerOf, headBytes } from '../cache/wire.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Pages } from '../pages/pages.ts';
import type { Route, Routes } from '../routes.ts';
import type { Site } from '../site.ts';
import type { Refusals } from './answer/refusal.ts';
import type { KeyQuestion } from './answer/responder.ts';
import type { QuickAnswer, QuickBytes } from './connection/front-connection.ts';
import type { PlainGet } from './connection/plain-get.ts';
import { priorityOf } from './priority.ts';

export interface QuickParts {
  site: Pick<Site, 'isMember'>;
  routes: Routes;
  pages: Pages;
  dispatcher: Dispatcher;
  works: readonly RouteWork[];
  refusals: Refusals;
  recorder: Recorder;
  stamp: readonly string[];
  keyOf: (question: KeyQuestion) => string | undefined;
  wish: (page: Page, acceptEncoding: string | undefined) => void;
  /** This worker is leaving: then every request goes the long way, which tells the client. */
  closing: () => boolean;
  /** Whether the connection of the next answer is to end with it, for another worker to have. */
  partWith: () => boolean;
  noteArrival: (ms: number) => void;
  /** How long a client may count on its connection, ms. */
  keepAliveMs: number;
}

const CLOSE = 'connection: close\r\n';

/**
 * What can be answered to a plain GET without the HTTP parser: a cached page, for visitors without a session, and the
 * waiting page, where the gate is closed. Anything else is undefined and goes the long way.
 */
export function createQuick(parts: QuickParts): QuickAnswer {
  const {
    site,
    routes,
    pages,
    dispatcher,
    works,
    refusals,
    recorder,
    stamp,
    keyOf,
    wish,
    closing,
    partWith,
    noteArrival,
    keepAliveMs,
  } = parts;
  const keep = `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(keepAliveMs / 1_000)}\r\n`;

  const cached = (get: PlainGet, route: Route, path: string, arrivedAt: number): QuickBytes | undefined => {
    const query = get.target.slice(path.length + 1);
    const key = keyOf({ route, path, query, host: get.host, acceptLanguage: get.acceptLanguage });
    const found = key === undefined ? undefined : pages.quick(key, route);
    if (found === undefined) return undefined;
    wish(found.page, get.acceptEncoding);
    const answer = answerOf(found.page, found.serving, get, Date.now(), stamp);
    recorder.request(route.policy.route, 'GET', answer.status, found.serving, (performance.now() - arrivedAt) / 1_000);
    const close = get.close || partWith();
    return { head: headBytes(answer, close ? CLOSE : keep), body: answer.body, close };
  };

  const refused = (get: PlainGet, route: Route, member: boolean, arrivedAt: number): QuickBytes | undefined => {
    // The engine's own paths have no gate, whatever policy matches them.
    if (/^\/(?:health|metrics)/.test(get.target)) return undefined;
    const headers = { host: get.host, 'user-agent': get.userAgent, cookie: get.cookie, accept: get.accept };
    const priority = priorityOf({ method: 'GET', url: get.target, headers }, route, member);
    if (!dispatcher.refusesEarly(priority, works[route.index]!.costMs)) return undefined;
    recorder.request(route.policy.route, 'GET', 503, 'refused', (performance.now() - arrivedAt) / 1_000);
    return {
      head: refusals.bytes(get.accept, get.close ? CLOSE : keep, Math.random(), Date.now()),
      body: undefined,
      close: get.close,
    };
  };

  return (get) => {
    if (closing()) return undefined;
    const arrivedAt = performance.now();
    const mark = get.target.indexOf('?');
    const path = mark === -1 ? get.target : get.target.slice(0, mark);
    const route = routes.match('GET', path);
    const member = get.cookie !== undefined && (site.isMember?.({ headers: { cookie: get.cookie } }) ?? false);
    // A member who finds no room gets the public copy of a public page: the long way knows how.
    const answer = !route.cacheable
      ? refused(get, route, member, arrivedAt)
      : member
        ? undefined
        : cached(get, route, path, arrivedAt);
    if (answer !== undefined) noteArrival(performance.now() - arrivedAt);
    return answer;
  };
}
