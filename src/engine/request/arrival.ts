import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from '../admission/dispatcher.ts';
import type { Pages } from '../pages/pages.ts';
import type { Site } from '../site.ts';
import { askedOf } from './asked.ts';
import { refuseBody } from './body.ts';
import { decide, type Known } from './decide.ts';
import type { Direct } from './direct.ts';
import { type AnswerTools, EngineRequest } from './engine-request.ts';
import type { EngineRoutes } from './engine-routes.ts';
import type { Leaving } from './leaving.ts';
import { priorityOf } from './priority.ts';
import { toOriginForm } from './target.ts';

export interface ArrivalParts {
  site: Required<Pick<Site, 'isMember'>>;
  /** With a view of the cache that looks into the store too. */
  known: Known;
  engineRoutes: EngineRoutes;
  pages: Pages;
  direct: Direct;
  dispatcher: Dispatcher;
  tools: AnswerTools;
  leaving: Leaving;
  /** For routes whose policy names none, ms. */
  deadlineMs: number;
}

/** Carries the decision out for a request of node:http. */
export function createArrival(parts: ArrivalParts): (request: IncomingMessage, response: ServerResponse) => void {
  const { site, known, engineRoutes, pages, direct, dispatcher, tools, leaving, deadlineMs } = parts;

  return (request, response) => {
    const arrivedAt = performance.now();
    if (leaving.draining || (response.shouldKeepAlive && leaving.shouldCloseForRebalance()))
      response.shouldKeepAlive = false;
    toOriginForm(request);
    const member = site.isMember(request);
    const decision = decide(askedOf(request), member, known, Date.now());
    switch (decision.kind) {
      case 'engine':
        engineRoutes.answer(request, response, decision.path);
        break;
      case 'refuse':
        refuseBody(request, response, known.bodyLimit);
        break;
      default: {
        const { route } = decision;
        const withinMs = route.policy.deadlineMs ?? deadlineMs;
        const priority = priorityOf(request, route, member);
        const asked = new EngineRequest(request, response, decision, priority, arrivedAt, withinMs, tools, direct);
        if (decision.kind === 'page') pages.answer(asked, decision);
        else direct.answer(asked, decision.copyKey);
      }
    }
    dispatcher.noteArrival(performance.now() - arrivedAt);
  };
}
