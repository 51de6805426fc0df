import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Config } from '../../config.ts';
import { AdaptiveLimit } from '../admission/adaptive-limit.ts';
import { CoDel } from '../admission/codel.ts';
import { Dispatcher } from '../admission/dispatcher.ts';
import { RouteWork } from '../admission/route-work.ts';
import type { PageMemory } from '../cache/memory.ts';
import type { Page } from '../cache/page.ts';
import { SecondHit } from '../cache/second-hit.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { Pages, type PagesParts } from '../pages/pages.ts';
import { compileRoutes, type Routes } from '../routes.ts';
import type { Priority, Site } from '../site.ts';
import { createRefusals } from './answer/refusal.ts';
import { createCompressWish, createServing, keyFor } from './answer/responder.ts';
import { createArrival, type Visitor } from './arrival.ts';
import type { QuickAnswer } from './connection/front-connection.ts';
import { createDirect } from './direct.ts';
import type { EngineRoutes } from './engine-routes.ts';
import { guarded, guardedPolicies } from './guarded.ts';
import { createQuick } from './quick.ts';

/** Requests of one route that may be on their way before anything is known of the route. */
const FIRST_ASYNC_LIMIT = 16;
/**
 * CoDel's target over the gate's bound. The gate keeps the queue as long as its bound in any overload: a target below
 * that would turn away late, at dequeue, what is turned away at once at the gate. Above it CoDel is for what the gate
 * cannot see: a cost that was measured too low.
 */
const CODEL_OVER_BOUND = 1.5;
const MIN_CODEL_TARGET_MS = 20;

/** The settings that the way of a request depends on. */
export type PathConfig = Pick<
  Config,
  | 'deadlineMs'
  | 'sieMs'
  | 'lastGoodAfterMs'
  | 'bodyLimit'
  | 'keepAliveMs'
  | 'asyncLimit'
  | 'gateCriticalMs'
  | 'gateNormalMs'
  | 'gateLowMs'
  | 'gateBackgroundMs'
  | 'dryRun'
  | 'hosts'
  | 'siteName'
>;

export interface RequestPathParts extends Pick<PagesParts, 'store' | 'leases'> {
  config: PathConfig;
  site: Site;
  recorder: Recorder;
  memory: PageMemory;
  trusted: BlockList;
  /** Headers that every answer carries, flat. */
  stamp: readonly string[];
  engineRoutes: EngineRoutes;
  /** Makes the compressed codings of a page, behind the visitors' backs. */
  compress: (page: Page) => void;
  /** This worker is leaving. */
  closing: () => boolean;
  /** Whether the connection of the next answer is to end with it, for another worker to have. */
  partWith: () => boolean;
  /** The site failed on a request. */
  onSiteError: (error: unknown) => void;
  /** Somebody got no room. */
  onRefusal: (priority: Priority) => void;
}

/** The way of a request through a worker, put together. */
export interface RequestPath {
  routes: Routes;
  /** By index of the route, the unknown one last. */
  works: readonly RouteWork[];
  dispatcher: Dispatcher;
  pages: Pages;
  onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  onConnection: () => void;
  quick: QuickAnswer;
}

export function createRequestPath(parts: RequestPathParts): RequestPath {
  const { config, site, recorder, memory, store, leases, trusted, stamp, closing, partWith, onSiteError } = parts;
  const { deadlineMs, bodyLimit } = config;
  const isMember = guarded(site.isMember?.bind(site), false, onSiteError);
  const routes = compileRoutes(guardedPolicies(site.policies ?? [], onSiteError));
  const initial = Math.min(FIRST_ASYNC_LIMIT, config.asyncLimit);
  const works = [...routes.all, routes.unknown].map(
    () => new RouteWork(new AdaptiveLimit({ initial, min: 1, max: config.asyncLimit })),
  );
  const boundMs = {
    critical: config.gateCriticalMs,
    normal: config.gateNormalMs,
    low: config.gateLowMs,
    background: config.gateBackgroundMs,
  };
  const dispatcher = new Dispatcher({
    bounds: { boundMs },
    codel: codelOf(boundMs),
    dryRun: config.dryRun,
    now: () => performance.now(),
    onRefusal(priority, why, dryRun) {
      parts.onRefusal(priority);
      recorder.count('tahan_refused_total', [priority, why, dryRun ? 'true' : 'false']);
    },
  });
  const noteArrival = (ms: number): void => dispatcher.noteArrival(ms);

  const refusals = createRefusals({ siteName: config.siteName, stamp });
  const refuse = refusals.write;
  const wish = createCompressWish(parts.compress);
  const desk = createServing({ recorder, refuse, stamp, wish });
  const keyOf = keyFor(new Set(config.hosts.map((host) => host.toLowerCase())), site.languages ?? ['']);
  const keyOfVisitor = ({ request: { headers }, route, path, query }: Visitor): string | undefined =>
    keyOf({ route, path, query, host: headers.host, acceptLanguage: headers['accept-language'] });
  const pages = new Pages({
    site,
    dispatcher,
    works,
    memory,
    secondHit: new SecondHit(),
    store,
    leases,
    trusted,
    deadlineMs,
    sieMs: config.sieMs,
    lastGoodAfterMs: config.lastGoodAfterMs,
    keyOf: keyOfVisitor,
    serve: desk.page,
    relay: desk.relay,
    turnAway: desk.turnAway,
    direct: (visitor) => direct.answer(visitor, false),
    onRender: (reason) => recorder.count('tahan_cache_renders_total', [reason]),
    onRenderError: onSiteError,
    onLookup: (result) => recorder.count('tahan_cache_lookups_total', [result]),
  });
  const direct = createDirect({
    site,
    dispatcher,
    works,
    refuse,
    recorder,
    trusted,
    bodyLimit,
    stamp,
    lastGood: (visitor) => pages.serveLastGood(visitor),
    onSiteError,
  });

  const shared = { site: { isMember }, routes, pages, closing, partWith, noteArrival };
  return {
    routes,
    works,
    dispatcher,
    pages,
    onRequest: createArrival({ ...shared, direct, deadlineMs, bodyLimit, engineRoutes: parts.engineRoutes }),
    onConnection: () => noteArrival(0),
    quick: createQuick({
      ...shared,
      dispatcher,
      works,
      refusals,
      recorder,
      stamp,
      keyOf,
      wish,
      keepAliveMs: config.keepAliveMs,
    }),
  };
}

const codelOf = (boundMs: Record<Priority, number>): Record<Priority, CoDel> => {
  const codel = (priority: Priority): CoDel =>
    new CoDel({ minTargetMs: Math.max(MIN_CODEL_TARGET_MS, boundMs[priority] * CODEL_OVER_BOUND) });
  return { critical: codel('critical'), normal: codel('normal'), low: codel('low'), background: codel('background') };
};
