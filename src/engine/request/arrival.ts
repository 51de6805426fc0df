import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Pages } from '../pages/pages.ts';
import type { Route, Routes } from '../routes.ts';
import type { Priority, Site } from '../site.ts';
import { announcesTooMuch, refuseBody } from './body.ts';
import type { Direct } from './direct.ts';
import type { EngineRoutes } from './engine-routes.ts';
import { priorityOf } from './priority.ts';

/** A request on its way through the engine. Times on the clock of `performance.now()`, ms. */
export interface Visitor {
  request: IncomingMessage;
  response: ServerResponse;
  route: Route;
  /** Path without the query, as matched. */
  path: string;
  /** Query without `?`; empty for none. */
  query: string;
  priority: Priority;
  arrivedAt: number;
  /** Infinity: none. */
  deadlineAt: number;
}

export interface ArrivalParts {
  site: Pick<Site, 'isMember'>;
  routes: Routes;
  engineRoutes: EngineRoutes;
  pages: Pages;
  direct: Direct;
  deadlineMs: number;
  /** Largest request body, bytes. */
  bodyLimit: number;
  /** This worker is leaving: answers ask the client to come back on a new connection. */
  closing: () => boolean;
  /** Whether the connection of the next answer is to end with it, for another worker to have. */
  partWith: () => boolean;
  noteArrival: (ms: number) => void;
}

/** The first step of a request's life: what is it, and who answers: the engine itself, the page cache, or the site. */
export function createArrival(parts: ArrivalParts): (request: IncomingMessage, response: ServerResponse) => void {
  const { site, routes, engineRoutes, pages, direct, deadlineMs, bodyLimit, closing, partWith, noteArrival } = parts;

  return (request, response) => {
    const arrivedAt = performance.now();
    if (closing() || (response.shouldKeepAlive && partWith())) response.shouldKeepAlive = false;
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    const query = mark === -1 ? '' : url.slice(mark + 1);
    if (announcesTooMuch(request, bodyLimit)) {
      refuseBody(request, response, bodyLimit);
    } else if (!engineRoutes.answer(request, response, path)) {
      const method = request.method ?? 'GET';
      const route = routes.match(method === 'HEAD' ? 'GET' : method, path);
      const member = site.isMember?.(request) ?? false;
      const ownDeadlineMs = route.policy.deadlineMs ?? deadlineMs;
      const visitor: Visitor = {
        request,
        response,
        route,
        path,
        query,
        priority: priorityOf(request, route, member),
        arrivedAt,
        deadlineAt: ownDeadlineMs === 0 ? Number.POSITIVE_INFINITY : arrivedAt + ownDeadlineMs,
      };
      const publicPage = route.cacheable && (method === 'GET' || method === 'HEAD');
      if (publicPage && !member && request.headers.authorization === undefined) pages.answer(visitor);
      else direct.answer(visitor, publicPage);
    }
    noteArrival(performance.now() - arrivedAt);
  };
}
