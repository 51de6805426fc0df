import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Dispatcher } from '../admission/dispatcher.ts';
import type { Outcome, Refusal, SiteJob } from '../admission/job.ts';
import type { Flight, RouteWork } from '../admission/route-work.ts';
import { type CurrentRequest, currentRequest } from '../current-request.ts';
import type { Pages } from '../pages/pages.ts';
import type { WrittenPages } from '../pages/written-pages.ts';
import { ClientGoneError, DeadlineError, SiteRequestInfo } from '../request-info.ts';
import type { Priority, Site } from '../site.ts';
import { type Trace, traceOf } from '../trace.ts';
import { detach } from './answer/detach.ts';
import { answerBody, countBody } from './body.ts';
import { plainGetOf } from './connection/plain-exchange.ts';
import { STALLED_MS } from './connection/stalled.ts';
import type { AnswerTools, EngineRequest, SiteAnswers } from './engine-request.ts';
import type { Learning } from './learning.ts';

/** While a body comes that the site reads itself, it is looked again whether the deadline has begun, ms. */
const UPLOAD_LOOK_MS = 1_000;

export interface DirectParts {
  site: Site;
  pages: Pages;
  written: WrittenPages;
  dispatcher: Dispatcher;
  /** By index of the route. */
  works: readonly RouteWork[];
  tools: AnswerTools;
  trusted: BlockList;
  /** Largest request body, bytes. */
  bodyLimit: number;
  /** For a site that says nothing of itself. */
  learning: Learning | undefined;
  /** The site failed on a request: logged and counted. */
  onSiteError: (error: unknown, traceId?: string) => void;
  /** Somebody asks the site himself. */
  onVisitor?: (() => void) | undefined;
}

/** Requests that the site answers for one visitor only: through the gate and the queue. */
export class Direct implements SiteAnswers {
  private readonly parts: DirectParts;

  constructor(parts: DirectParts) {
    this.parts = parts;
  }

  answer(asked: EngineRequest, copyKey: string | undefined): void {
    this.parts.onVisitor?.();
    new DirectAnswer(this.parts, asked, copyKey).offer();
  }
}

/** One such request: the job that waits for its turn, the site at work, and the engine in its place when it is late. */
class DirectAnswer implements SiteJob, CurrentRequest {
  readonly priority: Priority;
  readonly costMs: number;
  readonly kind: RouteWork;
  queuedAt: number;
  boundMs = 0;
  readonly work: RouteWork;
  private readonly parts: DirectParts;
  private readonly asked: EngineRequest;
  private readonly copyKey: string | undefined;
  private readonly info: SiteRequestInfo;
  /** Undefined until it runs. */
  flight: Flight | undefined;
  trace: Trace | undefined;
  /** The dispatcher knows that it has ended. */
  private ended = false;
  private late = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(parts: DirectParts, asked: EngineRequest, copyKey: string | undefined) {
    this.work = parts.works[asked.route.index]!;
    this.priority = asked.priority;
    this.costMs = this.work.costMs;
    this.kind = this.work;
    this.queuedAt = performance.now();
    this.parts = parts;
    this.asked = asked;
    this.copyKey = copyKey;
    this.info = new SiteRequestInfo(
      asked.request,
      asked.priority,
      asked.deadlineAt,
      parts.trusted,
      asked.claim?.siteKey,
    );
  }

  get deadlineAt(): number {
    return this.asked.deadlineAt;
  }

  get signal(): AbortSignal {
    return this.info.signal;
  }

  get siteKey(): string | undefined {
    return this.asked.claim?.siteKey;
  }

  private get bodyLimit(): number {
    return this.asked.route.policy.bodyLimit ?? this.parts.bodyLimit;
  }

  /** Queues the request, or refuses it. */
  offer(): void {
    const { request, response, route, streamsBody } = this.asked;
    // What is read first is counted while it is read.
    if (streamsBody) countBody(request, this.bodyLimit, (error) => this.refuseBody(error));
    // How long the client takes to send it is bounded for itself.
    if (streamsBody && route.policy.deadlineMs === undefined) request.once('end', () => this.asked.bodyComplete());
    this.asked.onGone(() => this.gone());
    if (this.asked.way !== undefined) {
      this.asked.lookAtGate(this.parts.dispatcher, this.work);
      this.asked.way.work = this;
    }
    const why = this.parts.dispatcher.offer(this);
    if (why !== undefined) this.refuse(why);
    // A tiny one may be answered already.
    else if (!isOut(response)) this.awaitDeadline(this.deadlineAt - performance.now());
  }

  /** The head is out, and more of the body is to come. */
  isStreaming(): boolean {
    const { response } = this.asked;
    return response.headersSent && !response.writableEnded;
  }

  /** Called by the dispatcher when it is the request's turn. */
  run(flight: Flight): undefined {
    const { extraHeaders } = this.parts.tools;
    const { site } = this.parts;
    const { request, response } = this.asked;
    this.flight = flight;
    // Of a plain request node:http makes its headers when somebody asks for them.
    this.trace = plainGetOf(request)?.traced === false ? undefined : traceOf(request.headers);
    this.asked.continue();
    this.asked.claim?.hold(request, response);
    for (let at = 0; at < extraHeaders.length; at += 2) response.setHeader(extraHeaders[at]!, extraHeaders[at + 1]!);
    // A listener that throws at once is the site's bug: its visitor gets a 500, the others nothing of it.
    try {
      const result = currentRequest.run(this, askSite, site, request, response);
      // An async listener that fails has rejected a promise of its own: caught here, it costs its visitor a 500.
      if (isThenable(result)) Promise.resolve(result).catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  /** The dispatcher learns that the job has ended, once. */
  private end(outcome: Outcome): void {
    if (this.flight === undefined || this.ended) return;
    this.ended = true;
    this.parts.dispatcher.ended(this, this.flight, outcome);
  }

  /** There is no room or no time: the anonymous copy of a public page, or the waiting page. Called by the dispatcher too. */
  refuse(why: Refusal | 'late'): void {
    const { asked, copyKey } = this;
    clearTimeout(this.timer);
    asked.way?.refused(why);
    asked.claim?.giveUp(this.flight !== undefined);
    clearHead(asked.response);
    if (copyKey === undefined || !this.parts.pages.serveLastGood(asked, copyKey))
      asked.refuse(this.flight !== undefined);
  }

  /** The site failed. */
  private fail(error: unknown): void {
    const { response } = this.asked;
    const { aborted } = this.info;
    // An abort after the deadline, or when the visitor has left, is expected.
    if (!aborted || !isAbort(error, this.info.signal.reason)) this.parts.onSiteError(error, this.trace?.id);
    if (aborted || response.writableEnded) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    clearHead(response);
    response
      .writeHead(500, [...this.parts.tools.extraHeaders, 'content-type', 'text/plain; charset=utf-8'])
      .end('Something went wrong here. Please try again.\n');
  }

  private awaitDeadline(ms: number): void {
    if (ms !== Number.POSITIVE_INFINITY) this.timer = setTimeout(() => this.expire(), ms);
  }

  private expire(): void {
    const { request, response, route, streamsBody } = this.asked;
    if (streamsBody && !request.complete && route.policy.deadlineMs === undefined) {
      this.awaitDeadline(UPLOAD_LOOK_MS);
      return;
    }
    const leftMs = this.deadlineAt - performance.now();
    if (leftMs >= 1) {
      this.awaitDeadline(leftMs);
      return;
    }
    if (response.writableEnded) {
      // The site was in time; how fast the visitor reads is bounded for itself.
      this.end('done');
      return;
    }
    // The visitor has the head in time: how long the rest may take is the site's business, as long as it goes on.
    if (response.headersSent && this.parts.dispatcher.becomesStream(this, this.flight!)) {
      response.setTimeout(STALLED_MS, () => response.destroy());
      return;
    }
    this.late = true;
    this.parts.tools.recorder.count('tahan_deadline_exceeded_total', [route.policy.route]);
    if (this.takeOver(new DeadlineError())) {
      this.refuse(this.flight === undefined ? 'expired' : 'late');
      detach(response, () => this.asked.claim?.siteEnded());
    }
  }

  private refuseBody(error: Error): void {
    const { request, response } = this.asked;
    clearTimeout(this.timer);
    if (this.takeOver(error)) {
      this.asked.claim?.giveUp(this.flight !== undefined);
      clearHead(response);
      answerBody(request, response, 'too_large', this.bodyLimit);
      this.asked.record('bypass');
      detach(response, () => this.asked.claim?.siteEnded());
    }
  }

  /** Tells the site to give up; whether the engine can answer in its place. */
  private takeOver(why: Error): boolean {
    const { request, response } = this.asked;
    this.parts.dispatcher.cancel(this);
    this.info.abort(why);
    if (!response.headersSent) return true;
    // Half an answer cannot be mended: the cut connection tells the client.
    request.socket.destroy();
    return false;
  }

  /** Pages that the request has changed are stale. */
  private noteWritten(): void {
    const { request, response, path } = this.asked;
    if (request.method === 'GET' || !response.headersSent) return;
    this.parts.written.note({
      method: request.method ?? 'GET',
      path,
      host: request.headers.host,
      status: response.statusCode,
      location: textOf(response.getHeader('location')),
      contentLocation: textOf(response.getHeader('content-location')),
    });
  }

  /** The answer is out, or the visitor has left. */
  private gone(): void {
    clearTimeout(this.timer);
    this.noteWritten();
    if (this.asked.response.writableFinished) {
      if (this.flight !== undefined) {
        this.asked.record('bypass', this.trace?.id);
        if (!this.late) this.parts.learning?.answered(this.asked, this.copyKey);
      }
    } else {
      if (this.flight === undefined) this.asked.claim?.giveUp(false);
      else this.asked.claim?.awaitSite();
      this.parts.dispatcher.cancel(this);
      this.info.abort(new ClientGoneError());
      if (!this.late) this.parts.tools.recorder.count('tahan_client_gone_total', []);
    }
    this.end(this.late ? 'dropped' : 'done');
  }
}

/** The site has answered, and the kernel has all of it. */
const isOut = ({ writableEnded, socket }: ServerResponse): boolean =>
  writableEnded && (socket === null || socket.writableLength === 0);

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const isThenable = (value: unknown): boolean =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

const askSite = (site: Site, request: IncomingMessage, response: ServerResponse): unknown =>
  site.handler(request, response);

/** Takes back what the site has set for an answer that it does not give: a length or a cookie must not go with ours. */
function clearHead(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.statusMessage = '';
}

/** Whether an error says no more than that the work was aborted for this reason. */
function isAbort(error: unknown, reason: unknown): boolean {
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
  return error === reason || name === 'AbortError' || cause === reason;
}
