import type { ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Dispatcher, SiteJob } from '../admission/dispatcher.ts';
import type { RouteWork } from '../admission/route-work.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Site } from '../site.ts';
import type { RefusalWriter } from './answer/refusal.ts';
import type { Visitor } from './arrival.ts';
import { countBody, refuseBody } from './body.ts';
import { ClientGoneError, DeadlineError, detach, Visit } from './visit.ts';

export interface DirectParts {
  site: Site;
  dispatcher: Dispatcher;
  works: readonly RouteWork[];
  refuse: RefusalWriter;
  recorder: Recorder;
  trusted: BlockList;
  /** Largest request body, bytes. */
  bodyLimit: number;
  /** Answers with the anonymous last good copy; false when there is none. */
  lastGood: (visitor: Visitor) => boolean;
  /** Headers that every answer carries, flat. */
  stamp: readonly string[];
  /** A listener threw: logged and counted. */
  onSiteError: (error: unknown) => void;
}

/** How long a visitor may take no byte of an answer that is complete, ms; then the connection is cut. */
const STALLED_MS = 30_000;

/** Requests that the site answers for one visitor alone: through the gate and the queue. */
export interface Direct {
  /** `publicPage`: when there is no room, the anonymous copy will do. */
  answer: (visitor: Visitor, publicPage: boolean) => void;
}

export function createDirect(parts: DirectParts): Direct {
  const { site, dispatcher, works, refuse, recorder, trusted, bodyLimit, lastGood, stamp, onSiteError } = parts;

  return {
    answer(visitor, publicPage) {
      const { request, response, route, priority, arrivedAt, deadlineAt } = visitor;
      const work = works[route.index]!;
      const visit = new Visit(request, priority, deadlineAt, trusted);
      let done: ((outcome: 'done' | 'dropped') => void) | undefined;
      let late = false;
      let timer: NodeJS.Timeout | undefined;

      let recorded = false;
      const record = (): void => {
        if (recorded) return;
        recorded = true;
        recorder.request(
          route.policy.route,
          request.method ?? 'GET',
          response.statusCode,
          'bypass',
          (performance.now() - arrivedAt) / 1_000,
        );
      };
      const turnAway = (): void => {
        clearTimeout(timer);
        clearHead(response);
        if (publicPage && lastGood(visitor)) return;
        refuse(request, response, Math.random());
        record();
      };
      const job: SiteJob = {
        priority,
        costMs: work.costMs,
        queuedAt: arrivedAt,
        deadlineAt,
        cancelled: false,
        work,
        run() {
          return new Promise((resolve) => {
            done = resolve;
            // A listener that throws at once is the site's bug: its visitor gets a 500, the others nothing of it.
            for (let at = 0; at < stamp.length; at += 2) response.setHeader(stamp[at]!, stamp[at + 1]!);
            try {
              // An async listener that fails has rejected a promise of its own: caught here, it costs its visitor a 500.
              Promise.resolve(site.handler(request, response)).catch(fail);
            } catch (error) {
              fail(error);
            }
          });
        },
        refuse: turnAway,
      };
      const fail = (error: unknown): void => {
        // That the site gives up once told to is what the signal is for.
        if (!visit.aborted || !isAbort(error, visit.signal.reason)) onSiteError(error);
        if (visit.aborted || response.writableEnded) return;
        if (response.headersSent) {
          response.destroy();
          return;
        }
        clearHead(response);
        response
          .writeHead(500, [...stamp, 'content-type', 'text/plain; charset=utf-8'])
          .end('Something went wrong here. Please try again.\n');
      };
      /** The site is told to give up, and the engine answers in its place. */
      const takeOver = (why: Error, answer: () => void): void => {
        dispatcher.cancel(job);
        visit.abort(why);
        if (response.headersSent) {
          // Half an answer cannot be mended: the cut connection tells the client.
          request.socket.destroy();
          return;
        }
        answer();
        detach(response);
      };
      countBody(request, bodyLimit, (error) => {
        clearTimeout(timer);
        takeOver(error, () => {
          clearHead(response);
          refuseBody(request, response, bodyLimit);
          record();
        });
      });
      response.once('close', () => {
        clearTimeout(timer);
        if (response.writableFinished) {
          if (done !== undefined) record();
        } else {
          dispatcher.cancel(job);
          visit.abort(new ClientGoneError());
          if (!late) recorder.count('tahan_client_gone_total', []);
        }
        done?.(late ? 'dropped' : 'done');
      });
      if (dispatcher.offer(job) !== undefined) {
        turnAway();
        return;
      }
      if (deadlineAt === Number.POSITIVE_INFINITY) return;
      timer = setTimeout(() => {
        if (response.writableEnded) {
          // The site was in time; how fast the visitor reads is bounded for itself.
          done?.('done');
          response.setTimeout(STALLED_MS);
          return;
        }
        late = true;
        recorder.count('tahan_deadline_exceeded_total', [route.policy.route]);
        takeOver(new DeadlineError(), turnAway);
      }, deadlineAt - arrivedAt);
    },
  };
}

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
