import type { Dispatcher } from '../admission/dispatcher.ts';
import type { RouteWork } from '../admission/route-work.ts';
import type { Door, Visit } from '../room/door.ts';
import { FrontQueue } from '../room/queue.ts';
import { ROOM_LANGUAGES } from '../room/texts.ts';
import { PASS_COOKIE, SITE_ROOM } from '../room/ticket.ts';
import type { Route } from '../routes.ts';
import type { Priority } from '../site.ts';
import { prefersJson } from './answer/accept.ts';
import type { Decision } from './decide.ts';
import type { EngineRequest } from './engine-request.ts';
import { negotiate } from './language.ts';

/** By this answer header the site sends a visitor out of the room, whose pass ends then. */
export const REVOKE_HEADER = 'x-tahan-room';

/** What of a request the door looks at. */
export interface Coming {
  method: string | undefined;
  path: string;
  route: Route;
  priority: Priority;
  member: boolean;
  cookie: string | undefined;
  accept: string | undefined;
  acceptLanguage: string | undefined;
  fetchDest: string | undefined;
}

/** Parts of a page, and what else a browser fetches for one: whoever has the page has waited. */
const PARTS =
  /^(?:audio|audioworklet|embed|font|image|manifest|object|paintworklet|report|script|serviceworker|sharedworker|style|track|video|webidentity|worker|xslt)$/;
const PART_NAMES =
  /\.(?:avif|bmp|css|eot|gif|ico|jpe?g|js|json|map|mjs|mp[34]|ogg|pdf|png|svg|ttf|txt|wasm|webm|webmanifest|webp|woff2?|xml|zip)$/i;

/** A crawler would hold a place for nobody; what is critical goes on while everything else waits. */
const NEVER_WAIT: readonly Priority[] = ['background', 'critical'];

export function visitOf(coming: Coming, languages: readonly string[]): Visit {
  const { method, path, route, priority, fetchDest } = coming;
  const reading = method === 'GET' || method === 'HEAD';
  const isPart = fetchDest === undefined ? PART_NAMES.test(path) : PARTS.test(fetchDest) || PART_NAMES.test(path);
  const { room = SITE_ROOM } = route.policy;
  return {
    room: !reading || isPart || NEVER_WAIT.includes(priority) || room === false ? undefined : room,
    path,
    cookie: coming.cookie,
    member: coming.member,
    json: prefersJson(coming.accept),
    language: () => negotiate(coming.acceptLanguage, languages),
  };
}

/** Languages of the waiting page: the site's first one is the standard where there is a text in it. */
export const roomLanguages = ([standard = 'en']: readonly string[]): readonly string[] => [
  ...ROOM_LANGUAGES.filter((language) => language === standard.slice(0, 2)),
  ...ROOM_LANGUAGES.filter((language) => language !== standard.slice(0, 2)),
];

/** A page of which there is a copy is not waited for, unless it is held until an event starts. */
export const needsRoom = (decision: Decision, copyOf: (key: string) => unknown): boolean =>
  decision.kind === 'page'
    ? decision.copy === undefined
    : decision.kind === 'direct' && (decision.copyKey === undefined || copyOf(decision.copyKey) === undefined);

/** Carries out what the door says to requests of node:http. */
export class AtTheDoor {
  private readonly door: Door;
  private readonly dispatcher: Dispatcher;
  private readonly works: readonly RouteWork[];
  private readonly front: FrontQueue;

  constructor(door: Door, dispatcher: Dispatcher, works: readonly RouteWork[]) {
    this.door = door;
    this.dispatcher = dispatcher;
    this.works = works;
    this.front = new FrontQueue(
      (ticket) => door.isCalled(ticket),
      (ticket) => door.stands(ticket),
      () => performance.now(),
    );
  }

  /** `go`: the way to the gate. */
  pass(asked: EngineRequest, visit: Visit, go: () => void): void {
    const { door } = this;
    asked.visit = visit;
    const verdict = door.look(visit);
    switch (verdict.kind) {
      case 'through':
        if (visit.cookie?.includes(PASS_COOKIE) === true) this.watchHead(asked, verdict.renew);
        go();
        return;
      case 'wait':
        asked.showPlace(verdict.answer);
        return;
      case 'busy':
        asked.visit = undefined;
        asked.refuse();
        return;
      case 'near': {
        const { ticket } = verdict;
        const showPage = (): void => asked.showPlace(door.turnBack(visit, ticket));
        const { route, priority, response } = asked;
        const withinMs = this.dispatcher.gate.withinMs(route.policy);
        const kept = this.front.keep({
          ticket,
          hasRoom: () => !this.dispatcher.wouldRefuse(priority, this.works[route.index]!, withinMs),
          isGone: () => response.destroyed,
          letIn: () => {
            const claimed = door.claim(ticket);
            if (claimed === undefined) {
              this.refuseCopy(asked, visit);
              return;
            }
            response.on('close', () =>
              door.claimEnded(ticket, asked.entered && response.writableFinished, asked.ticket === claimed),
            );
            asked.ticket = claimed;
            // The time at the door is none of the site's.
            asked.bodyComplete();
            this.watchHead(asked, undefined);
            go();
          },
          showPage,
        });
        if (!kept) showPage();
      }
    }
  }

  private refuseCopy(asked: EngineRequest, visit: Visit): void {
    const place = this.door.placeAnew(visit);
    if (place !== undefined) {
      asked.showPlace(place);
      return;
    }
    asked.visit = undefined;
    asked.refuse();
  }

  /** When the head goes out it is known whether the visitor is inside, and whether the site sends him out. */
  private watchHead(asked: EngineRequest, renew: string | undefined): void {
    const { response } = asked;
    const { door } = this;
    const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => typeof response;
    response.writeHead = (...args: unknown[]): typeof response => {
      Reflect.deleteProperty(response, 'writeHead');
      const { ticket, visit } = asked;
      asked.entered = ticket !== undefined;
      asked.ticket = undefined;
      const cookies = ticket === undefined ? (renew === undefined ? [] : [door.pass(renew)]) : door.entered(ticket);
      const out = response.getHeader(REVOKE_HEADER) === 'leave';
      if (out) response.removeHeader(REVOKE_HEADER);
      for (const cookie of out ? [door.revoked(visit!.room!)] : cookies) response.appendHeader('set-cookie', cookie);
      return writeHead(...args);
    };
  }
}
