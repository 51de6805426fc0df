import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from '../admission/dispatcher.ts';
import type { RouteWork } from '../admission/route-work.ts';
import { hasOneHost } from '../host-name.ts';
import type { Pages } from '../pages/pages.ts';
import type { RoutePolicy, Site } from '../site.ts';
import { tellWhy } from './answer/told-why.ts';
import { askedOf } from './asked.ts';
import { type AtTheDoor, needsRoom, visitOf } from './at-the-door.ts';
import { answerBody } from './body.ts';
import { type BodyOutcome, type BodyReader, hasBody } from './body-reader.ts';
import type { Closures } from './closures.ts';
import { hastePauseMs } from './connection/haste.ts';
import { plainGetOf } from './connection/plain-exchange.ts';
import { decide, type Known } from './decide.ts';
import type { Direct } from './direct.ts';
import { type AnswerTools, EngineRequest } from './engine-request.ts';
import type { EngineRoutes } from './engine-routes.ts';
import type { Leaving } from './leaving.ts';
import type { Once } from './once.ts';
import { priorityOf } from './priority.ts';
import { toOriginForm } from './target.ts';

export interface ArrivalParts {
  site: Required<Pick<Site, 'isMember'>>;
  /** With a view of the cache that looks into the store too. */
  known: Known;
  engineRoutes: EngineRoutes;
  pages: Pages;
  direct: Direct;
  /** Requests that are to be done once. */
  once: Once;
  dispatcher: Dispatcher;
  works: readonly RouteWork[];
  bodies: BodyReader;
  tools: AnswerTools;
  leaving: Leaving;
  closures: Closures;
  atTheDoor: AtTheDoor;
  /** Languages of the waiting page, the standard one first. */
  roomLanguages: readonly string[];
  /** The site says nothing of itself. */
  learns: boolean;
}

/** A form or a message, and no upload; the bodies that a worker holds are bounded in all (body-reader.ts). */
const SMALL_BODY_BYTES = 1_048_576;
const BAD_HOST = {
  status: 400,
  code: 'BAD_HOST',
  message: 'The request must have one Host header, with a name or an address.',
};
const NO_BODY: readonly Buffer[] = [];

/** Carries the decision out for a request of node:http. */
export function createArrival(parts: ArrivalParts): (request: IncomingMessage, response: ServerResponse) => void {
  const { site, known, engineRoutes, pages, direct, once, dispatcher, works, bodies, tools, leaving, closures } = parts;

  /** Reads the body first: a request takes part in nothing before it is complete. */
  const readBody = (asked: EngineRequest, limit: number): void => {
    const { request, response, route, priority } = asked;
    if (asked.awaitsContinue) {
      asked.lookAtGate(dispatcher, works[route.index]!);
      if (dispatcher.refusesEarly(priority, works[route.index]!, dispatcher.gate.withinMs(route.policy))) {
        // The client may send the body all the same: it must not be taken for the next request.
        response.shouldKeepAlive = false;
        asked.refuse();
        return;
      }
      asked.continue();
    }
    bodies.read(request, limit, (outcome: BodyOutcome, body) => {
      if (response.destroyed) return;
      if (outcome === 'complete') {
        asked.bodyComplete();
        dispatcher.noteArrival(0);
        once.enter(asked, body, undefined);
      } else if (outcome === 'no_room') {
        tools.recorder.count('tahan_refused_total', [priority, 'bodies', 'false']);
        response.shouldKeepAlive = false;
        asked.way?.refused('bodies');
        asked.refuse();
      } else {
        answerBody(request, response, outcome, limit);
        asked.record('bypass');
      }
    });
  };

  /** Whether the site reads the body itself: of one that says nothing of itself those that are not small. */
  const streams = ({ headers }: IncomingMessage, { body }: RoutePolicy): boolean =>
    body === undefined && parts.learns ? !(Number(headers['content-length']) <= SMALL_BODY_BYTES) : body === 'stream';

  const look = (request: IncomingMessage, response: ServerResponse): void => {
    const arrivedAt = performance.now();
    if (leaving.draining || (response.shouldKeepAlive && leaving.shouldCloseForRebalance()))
      response.shouldKeepAlive = false;
    toOriginForm(request);
    const plain = plainGetOf(request);
    // Those were looked at when they were read (plain-get.ts).
    if (plain === undefined && !hasOneHost(request)) {
      tellWhy(request, response, BAD_HOST);
      dispatcher.noteArrival(performance.now() - arrivedAt);
      return;
    }
    if (closures.active && closures.answer(request, response)) {
      tools.recorder.request('closed', request.method ?? 'GET', response.statusCode, 'refused', 0);
      dispatcher.noteArrival(performance.now() - arrivedAt);
      return;
    }
    const decided = plain?.decided;
    const member = decided?.member ?? site.isMember(request);
    const decision = decided?.decision ?? decide(plain ?? askedOf(request), member, known, Date.now());
    switch (decision.kind) {
      case 'engine':
        engineRoutes.answer(request, response, decision.path);
        break;
      case 'refuse':
        answerBody(request, response, 'too_large', decision.limit);
        break;
      default: {
        const { route } = decision;
        const priority = decided?.priority ?? priorityOf(request, route, member);
        const asked = new EngineRequest(request, response, decision, priority, arrivedAt, tools, direct);
        asked.member = member;
        if (plain === undefined) asked.awaitsContinue = awaitsContinue(request);
        if (decision.kind === 'direct' && plain === undefined && hasBody(request)) {
          if (!streams(request, route.policy)) readBody(asked, route.policy.bodyLimit ?? known.bodyLimit);
          else {
            asked.streamsBody = true;
            once.enter(asked, undefined, decision.copyKey);
          }
          break;
        }
        const go = (): void => {
          if (decision.kind === 'page') pages.answer(asked, decision);
          else if (plain === undefined) once.enter(asked, NO_BODY, decision.copyKey);
          else direct.answer(asked, decision.copyKey);
        };
        const visit = tools.door.onDuty ? visitOf(comingOf(request, asked, member), parts.roomLanguages) : undefined;
        if (visit !== undefined && (needsRoom(decision, pages.copyOf) || tools.door.holds(visit)))
          parts.atTheDoor.pass(asked, visit, go);
        else go();
      }
    }
    dispatcher.noteArrival(performance.now() - arrivedAt);
  };

  return (request, response) => {
    const pauseMs = hastePauseMs(request.socket, performance.now());
    if (pauseMs === 0) {
      look(request, response);
      return;
    }
    // A client that ignores Retry-After is looked at later.
    setTimeout(() => {
      if (!response.destroyed) look(request, response);
    }, pauseMs);
  };
}

/** RFC 9110 section 10.1.1: HTTP/1.0 knows no such answer. */
const awaitsContinue = ({ headers, httpVersionMinor }: IncomingMessage): boolean =>
  headers.expect?.toLowerCase() === '100-continue' && httpVersionMinor > 0;

const comingOf = ({ method, headers }: IncomingMessage, { route, path, priority }: EngineRequest, member: boolean) => ({
  method,
  path,
  route,
  priority,
  member,
  cookie: headers.cookie,
  accept: headers.accept,
  acceptLanguage: headers['accept-language'],
  fetchDest: headers['sec-fetch-dest'] as string | undefined,
});
