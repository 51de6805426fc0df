import type { Socket } from 'node:net';
import type { Dispatcher } from '../admission/dispatcher.ts';
import type { GateView } from '../admission/gate.ts';
import type { RouteWork } from '../admission/route-work.ts';
import { ageMs } from '../cache/freshness.ts';
import { mediaTypeOf } from '../cache/page.ts';
import { answerOf, headBytes } from '../cache/wire.ts';
import type { Pages } from '../pages/pages.ts';
import type { Visit } from '../room/door.ts';
import type { RoomAnswer } from '../room/page.ts';
import type { Route } from '../routes.ts';
import type { Priority, Site } from '../site.ts';
import { Way } from '../tail/way.ts';
import type { Answered } from '../traffic/answered.ts';
import { needsRoom, visitOf } from './at-the-door.ts';
import type { Closures } from './closures.ts';
import type { QuickAnswer, QuickBytes } from './connection/front-connection.ts';
import { headerOf, type PlainGet } from './connection/plain-get.ts';
import { type DirectDecision, decide, type Known, type PageDecision } from './decide.ts';
import type { AnswerTools } from './engine-request.ts';
import type { Leaving } from './leaving.ts';
import { priorityOf } from './priority.ts';

export interface QuickParts {
  site: Required<Pick<Site, 'isMember'>>;
  /** With a view of the cache that looks into memory only. */
  known: Known;
  pages: Pages;
  dispatcher: Dispatcher;
  /** By index of the route. */
  works: readonly RouteWork[];
  tools: AnswerTools;
  leaving: Leaving;
  closures: Closures;
  /** Languages of the waiting page, the standard one first. */
  roomLanguages: readonly string[];
  /** How long a client may count on its connection, ms. */
  keepAliveMs: number;
}

/** What the traffic is told of the waiting page. */
const REFUSED = { status: 503, use: 'refused', type: undefined, bytes: 0, ageMs: undefined, key: undefined } as const;

const CLOSE = 'connection: close\r\n';

/**
 * Carries the decision out for a plain GET, without the HTTP parser, where bytes that are at hand answer it: a cached
 * page, for visitors without a session, and the waiting page, where the gate is closed. Anything else is undefined and
 * goes the long way, by arrival.ts.
 */
export function createQuick(parts: QuickParts): QuickAnswer {
  const { site, known, pages, dispatcher, works, tools, leaving, closures, keepAliveMs, roomLanguages } = parts;
  const { recorder, traffic, tail, refusals, codings, extraHeaders, door } = tools;
  const keep = `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(keepAliveMs / 1_000)}\r\n`;

  const tell = (
    get: PlainGet,
    socket: Socket,
    { route, path, query }: PageDecision | DirectDecision,
    member: boolean,
    answer: Pick<Answered, 'status' | 'use' | 'type' | 'bytes' | 'ageMs' | 'key'>,
  ): void =>
    traffic.answered({
      connection: socket,
      peer: socket.remoteAddress ?? '',
      method: 'GET',
      path,
      query,
      header: (name) => headerOf(get, name),
      member,
      route,
      cpuMs: tools.cpuMsOf(route),
      ...answer,
    });

  /** An operator watches. */
  const show = (
    { route, path, query }: PageDecision | DirectDecision,
    member: boolean,
    arrivedAt: number,
    { status, use, ageMs }: Pick<Answered, 'status' | 'use' | 'ageMs'>,
    way = new Way(),
  ): void => {
    way.plain = true;
    tail.note({ method: 'GET', path, query, route: route.policy.route, member, status, use, ageMs, arrivedAt, way });
  };

  const cached = (
    get: PlainGet,
    socket: Socket,
    page: PageDecision,
    arrivedAt: number,
    now: number,
  ): QuickBytes | undefined => {
    const outcome = pages.quickOutcome(page);
    if (outcome === undefined) return undefined;
    const copy = page.copy!;
    codings.noteCodingWanted(copy, get.acceptEncoding);
    const answer = answerOf(copy, outcome, get, now, extraHeaders);
    recorder.request(page.route.policy.route, 'GET', answer.status, outcome, (performance.now() - arrivedAt) / 1_000);
    if (tail.open) show(page, false, arrivedAt, { status: answer.status, use: outcome, ageMs: ageMs(copy, now) });
    if (traffic.looks(socket, arrivedAt))
      tell(get, socket, page, false, {
        status: answer.status,
        use: outcome,
        type: mediaTypeOf(copy),
        bytes: answer.body?.length ?? 0,
        ageMs: ageMs(copy, now),
        key: page.key,
      });
    const close = get.close || leaving.shouldCloseForRebalance();
    return { head: headBytes(answer, close ? CLOSE : keep), body: answer.body, close };
  };

  const priorityFor = (get: PlainGet, route: Route, member: boolean): Priority => {
    const headers = { host: get.host, 'user-agent': get.userAgent, cookie: get.cookie, accept: get.accept };
    return priorityOf({ method: 'GET', url: get.target, headers }, route, member);
  };

  const visitFor = (get: PlainGet, { route, path }: PageDecision | DirectDecision, member: boolean): Visit =>
    visitOf({ ...comingParts(get), path, route, member, priority: priorityFor(get, route, member) }, roomLanguages);

  const noteRefused = (
    get: PlainGet,
    socket: Socket,
    decision: PageDecision | DirectDecision,
    member: boolean,
    arrivedAt: number,
    way: Way | undefined,
  ): void => {
    recorder.request(decision.route.policy.route, 'GET', 503, 'refused', (performance.now() - arrivedAt) / 1_000);
    if (way !== undefined) show(decision, member, arrivedAt, REFUSED, way);
    if (traffic.looks(socket, arrivedAt)) tell(get, socket, decision, member, REFUSED);
  };

  /** The page of the line. */
  const placeBytes = (get: PlainGet, place: RoomAnswer, now: number): QuickBytes => {
    let text = 'HTTP/1.1 503 Service Unavailable\r\n';
    for (let at = 0; at < place.head.length; at += 2) text += `${place.head[at]}: ${place.head[at + 1]}\r\n`;
    text += `date: ${new Date(now).toUTCString()}\r\n${get.close ? CLOSE : keep}\r\n`;
    // One piece costs the kernel less than two.
    const head = Buffer.allocUnsafe(text.length + place.body.length);
    head.write(text, 'latin1');
    place.body.copy(head, text.length);
    return { head, body: undefined, close: get.close, refusal: !get.byProxy };
  };

  const waitingPage = (
    get: PlainGet,
    socket: Socket,
    decision: PageDecision | DirectDecision,
    member: boolean,
    arrivedAt: number,
    now: number,
    way: Way | undefined,
  ): QuickBytes => {
    noteRefused(get, socket, decision, member, arrivedAt, way);
    const place = door.onDuty ? door.refused(visitFor(get, decision, member)) : undefined;
    if (place !== undefined) return placeBytes(get, place, now);
    return {
      head: refusals.bytes(get.accept, get.close ? CLOSE : keep, Math.random(), now),
      body: undefined,
      close: get.close,
      refusal: !get.byProxy,
    };
  };

  const turnedAway = (
    get: PlainGet,
    socket: Socket,
    page: PageDecision,
    arrivedAt: number,
    now: number,
  ): QuickBytes | undefined => {
    const priority = priorityFor(get, page.route, false);
    // What the gate sees is looked at before it is asked: to be asked may change it.
    const way = tail.open ? wayAtGate(pages.gateOf(page, priority)) : undefined;
    return pages.turnsAway(page, priority) ? waitingPage(get, socket, page, false, arrivedAt, now, way) : undefined;
  };

  const refused = (
    get: PlainGet,
    socket: Socket,
    decision: DirectDecision,
    member: boolean,
    arrivedAt: number,
    now: number,
  ): QuickBytes | undefined => {
    const { route, copyKey } = decision;
    const priority = priorityFor(get, route, member);
    const work = works[route.index]!;
    const withinMs = dispatcher.gate.withinMs(route.policy);
    const way = tail.open ? wayAtGate(dispatcher.view(priority, work, withinMs)) : undefined;
    // Whoever finds no room gets the public copy of a public page, where there is one: the long way knows how.
    const goesOn =
      copyKey !== undefined &&
      (!dispatcher.wouldRefuse(priority, work, withinMs) || pages.copyOf(copyKey) !== undefined);
    if (!goesOn && dispatcher.refusesEarly(priority, work, withinMs))
      return waitingPage(get, socket, decision, member, arrivedAt, now, way);
    get.decided = { decision, member, priority };
    return undefined;
  };

  return (get, socket) => {
    // The long way tells the client that this worker leaves, or that the path is closed.
    if (leaving.draining || closures.active) return undefined;
    const arrivedAt = performance.now();
    const now = Date.now();
    const member = get.cookie !== undefined && site.isMember({ headers: { cookie: get.cookie } });
    const decision = decide(get, member, known, now);
    let answer: QuickBytes | undefined;
    if (!door.idle && (decision.kind === 'page' || decision.kind === 'direct')) {
      const visit = visitFor(get, decision, member);
      const held = door.holds(visit);
      if (held || needsRoom(decision, pages.copyOf)) {
        const verdict = door.look(visit);
        if (verdict.kind === 'wait') {
          dispatcher.noteArrival(performance.now() - arrivedAt);
          const way = tail.open ? new Way() : undefined;
          way?.refused('line');
          noteRefused(get, socket, decision, member, arrivedAt, way);
          return placeBytes(get, verdict.answer, now);
        }
        // The long way keeps whose turn is near, and renews passes.
        if (verdict.kind === 'near' || verdict.kind === 'busy') return undefined;
      }
    }
    if (decision.kind === 'page')
      answer = cached(get, socket, decision, arrivedAt, now) ?? turnedAway(get, socket, decision, arrivedAt, now);
    else if (decision.kind === 'direct') answer = refused(get, socket, decision, member, arrivedAt, now);
    if (answer !== undefined) dispatcher.noteArrival(performance.now() - arrivedAt);
    return answer;
  };
}

function wayAtGate(gate: GateView): Way {
  const way = new Way();
  way.atGate(gate);
  return way;
}

const comingParts = ({ method, cookie, accept, acceptLanguage, fetchDest }: PlainGet) => ({
  method,
  cookie,
  accept,
  acceptLanguage,
  fetchDest,
});
