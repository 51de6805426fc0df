import type { IncomingMessage, ServerResponse } from 'node:http';
import { Deadline } from '../admission/deadline.ts';
import type { Dispatcher } from '../admission/dispatcher.ts';
import type { RouteWork } from '../admission/route-work.ts';
import { ageMs } from '../cache/freshness.ts';
import { keptHeaders, type Rendered } from '../cache/make-page.ts';
import { mediaTypeOf, type Page } from '../cache/page.ts';
import { answerOf, type CacheOutcome } from '../cache/wire.ts';
import { comesByProxy } from '../client.ts';
import type { Claim } from '../idempotency/claim.ts';
import type { CacheUse, Recorder } from '../metrics/recorder.ts';
import type { PageVisitor } from '../pages/page-visitor.ts';
import type { Door, Visit } from '../room/door.ts';
import type { RoomAnswer } from '../room/page.ts';
import type { Ticket } from '../room/ticket.ts';
import type { Route } from '../routes.ts';
import type { Priority, RoutePolicy } from '../site.ts';
import type { Tail } from '../tail/tail.ts';
import { Way } from '../tail/way.ts';
import type { Traffic } from '../traffic/answered.ts';
import { askerOf } from '../traffic/asker.ts';
import type { Refusals } from './answer/refusal.ts';
import { answerSendAgain, sendAgainPage } from './answer/send-again.ts';
import type { WantedCodings } from './answer/wanted-codings.ts';
import { sendsOneOf } from './asked.ts';
import { noteRefusal } from './connection/haste.ts';
import type { DirectDecision, PageDecision } from './decide.ts';

/** What all requests of a worker are answered with. */
export interface AnswerTools {
  recorder: Recorder;
  /** Who counts the traffic. */
  traffic: Traffic;
  /** Where an operator watches requests as they are answered. */
  tail: Tail;
  /** CPU time of one answer of the site on a route, ms; undefined: it was not seen at work yet. */
  cpuMsOf: (route: Route) => number | undefined;
  refusals: Refusals;
  codings: WantedCodings;
  /** Of the page that sends a refused form again. */
  siteName: string;
  /** The door of the waiting rooms. */
  door: Door;
  /** Headers that every answer carries, name and value in turn. */
  extraHeaders: readonly string[];
  /** Time that a request of a route may take, ms; Infinity: as long as it likes. */
  withinMs: (policy: Pick<RoutePolicy, 'deadlineMs'>) => number;
}

/** Asks the site for one visitor only: `Direct`, in direct.ts. */
export interface SiteAnswers {
  /** `copyKey`: of the anonymous copy that will do where there is no room. */
  answer(asked: EngineRequest, copyKey: string | undefined): void;
}

/** A request on its way through the engine, and the ways to answer it. Times on the clock of `performance.now()`, ms. */
export class EngineRequest implements PageVisitor {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  /** Path without the query, as matched. */
  readonly path: string;
  /** Query without `?`; empty for none. */
  readonly query: string;
  readonly priority: Priority;
  readonly arrivedAt: number;
  /** The client waits for "100 Continue" before it sends the body (RFC 9110 section 10.1.1). */
  awaitsContinue = false;
  /** The site reads the body itself, as it comes. */
  streamsBody = false;
  /** It is to be done once, and this is its right to be done now. */
  claim: Claim | undefined;
  /** It carries a genuine session. */
  member = false;
  /** The copy that it was answered with, and the length of the body. */
  private served: { page: Page; bytes: number } | undefined;
  /** As the door of the waiting room sees it. */
  visit: Visit | undefined;
  /** With what the visitor was let in from the line; until it is seen whether the gate has room. */
  ticket: Ticket | undefined;
  /** Undefined: nobody watches. */
  readonly way: Way | undefined;
  /** Its visitor was let in from the line. */
  entered = false;
  private readonly tools: AnswerTools;
  private readonly site: SiteAnswers;
  private deadline: Deadline;
  private recorded = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    { route, path, query }: PageDecision | DirectDecision,
    priority: Priority,
    arrivedAt: number,
    tools: AnswerTools,
    site: SiteAnswers,
  ) {
    this.request = request;
    this.response = response;
    this.route = route;
    this.path = path;
    this.query = query;
    this.priority = priority;
    this.arrivedAt = arrivedAt;
    this.tools = tools;
    this.site = site;
    this.deadline = new Deadline(arrivedAt);
    this.way = tools.tail.open ? new Way() : undefined;
  }

  /** Infinity: none. */
  get deadlineAt(): number {
    return this.deadline.at(this.tools.withinMs(this.route.policy));
  }

  /** The body has come: its way through the engine begins now, however long the client took to send it. */
  bodyComplete(): void {
    const now = performance.now();
    this.deadline = new Deadline(now);
    if (this.way !== undefined && !this.streamsBody) this.way.readyAt = now;
  }

  /** Before it is offered, for an operator who watches: what the gate sees of it. */
  lookAtGate(dispatcher: Dispatcher, work: RouteWork): void {
    this.way?.atGate(dispatcher.view(this.priority, work, this.deadlineAt - performance.now()));
  }

  /** Tells the client that waits for it to send the body. */
  continue(): void {
    if (!this.awaitsContinue) return;
    this.awaitsContinue = false;
    this.response.writeContinue();
  }

  sendsOneOf(names: readonly string[]): boolean {
    return sendsOneOf(this.request, names);
  }

  servePage(page: Page, outcome: CacheOutcome): void {
    const { codings, extraHeaders } = this.tools;
    const { headers } = this.request;
    const acceptEncoding = headers['accept-encoding'] as string | undefined;
    codings.noteCodingWanted(page, acceptEncoding);
    const conditions = { acceptEncoding, ifNoneMatch: headers['if-none-match'] };
    const { status, head, body } = answerOf(page, outcome, conditions, Date.now(), extraHeaders);
    this.response.writeHead(status, head);
    this.end(body);
    this.served = { page, bytes: body?.length ?? 0 };
    this.record(outcome);
  }

  /** Passes on what the site answered to a render, where it is not kept. */
  relay({ status, headers, body }: Rendered): void {
    this.response.writeHead(status, [
      ...this.tools.extraHeaders,
      ...keptHeaders(headers).flat(),
      'cache-status',
      'tahan; fwd=miss',
      'content-length',
      String(body.length),
    ]);
    this.end(body);
    this.record('miss');
  }

  /** Answers with the waiting page. `begun`: the site was at work on it. */
  refuse(begun = false): void {
    const { visit, ticket } = this;
    this.ticket = undefined;
    const place =
      begun || visit === undefined
        ? undefined
        : ticket === undefined
          ? this.tools.door.refused(visit)
          : this.tools.door.turnBack(visit, ticket);
    if (place !== undefined) {
      this.showPlace(place);
      return;
    }
    const { refusals, extraHeaders, siteName } = this.tools;
    const again = begun ? undefined : sendAgainPage(this.request, siteName);
    if (again === undefined) refusals.write(this.request, this.response, Math.random(), begun);
    else answerSendAgain(this.response, again, extraHeaders);
    if (!comesByProxy(this.request)) noteRefusal(this.request.socket, performance.now());
    this.record('refused');
  }

  /** Answers with the page of the line. */
  showPlace({ head, body }: RoomAnswer): void {
    this.way?.refused('line');
    this.response.writeHead(503, [...head]);
    this.end(body);
    if (!comesByProxy(this.request)) noteRefusal(this.request.socket, performance.now());
    this.record('refused');
  }

  askSite(): void {
    this.site.answer(this, undefined);
  }

  onGone(listener: () => void): void {
    // `on`, though it comes once: `once` wraps the listener, which costs more than to keep it.
    this.response.on('close', listener);
  }

  /** Counts the answer, once. `traceId`: of the trace that it belongs to. */
  record(use: CacheUse, traceId?: string): void {
    if (this.recorded) return;
    this.recorded = true;
    const { recorder } = this.tools;
    const { route } = this.route.policy;
    const seconds = (performance.now() - this.arrivedAt) / 1_000;
    recorder.request(route, this.request.method ?? 'GET', this.response.statusCode, use, seconds);
    if (traceId !== undefined) recorder.exemplar(route, seconds, traceId);
    if (this.way !== undefined) this.tellTail(this.way, use);
    if (this.tools.traffic.looks(this.request.socket, performance.now())) this.tellTraffic(use);
  }

  private tellTail(way: Way, use: CacheUse): void {
    const { request, response, served } = this;
    this.tools.tail.note({
      method: request.method ?? 'GET',
      path: this.path,
      query: this.query,
      route: this.route.policy.route,
      member: this.member,
      status: response.statusCode,
      use,
      ageMs: served === undefined || use === 'miss' ? undefined : ageMs(served.page, Date.now()),
      arrivedAt: this.arrivedAt,
      way,
    });
  }

  private tellTraffic(use: CacheUse): void {
    const { request, response, served } = this;
    this.tools.traffic.answered({
      ...askerOf(request),
      path: this.path,
      query: this.query,
      member: this.member,
      route: this.route,
      cpuMs: this.tools.cpuMsOf(this.route),
      status: response.statusCode,
      use,
      type: served === undefined ? textOf(response.getHeader('content-type'))?.toLowerCase() : mediaTypeOf(served.page),
      bytes: served?.bytes ?? 0,
      ageMs: served === undefined ? undefined : ageMs(served.page, Date.now()),
      key: served?.page.key,
    });
  }

  private end(body: Buffer | undefined): void {
    this.response.end(this.request.method === 'HEAD' ? undefined : body);
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
