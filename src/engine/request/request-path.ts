import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Config } from '../../config.ts';
import { AdaptiveLimit } from '../admission/adaptive-limit.ts';
import { Dispatcher } from '../admission/dispatcher.ts';
import { costName, type LearnedCosts, NO_COSTS } from '../admission/route-costs.ts';
import { type Lanes, RouteWork } from '../admission/route-work.ts';
import type { PageMemory } from '../cache/memory.ts';
import type { SiteParts } from '../features/site-parts.ts';
import type { Records } from '../idempotency/records.ts';
import { learnRoutes } from '../learned-routes.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { Copies, type PageStore } from '../pages/copies.ts';
import { Flights } from '../pages/flights.ts';
import type { LeaseClient } from '../pages/leases.ts';
import { PageRefusals } from '../pages/page-refusals.ts';
import { Pages } from '../pages/pages.ts';
import type { Purger } from '../pages/purger.ts';
import { Renderer } from '../pages/renderer.ts';
import { WrittenPages } from '../pages/written-pages.ts';
import type { Door } from '../room/door.ts';
import { compileRoutes, type Route, type Routes } from '../routes.ts';
import type { Priority, Site } from '../site.ts';
import { Tail } from '../tail/tail.ts';
import { NO_TRAFFIC, type Traffic } from '../traffic/answered.ts';
import { createRefusals } from './answer/refusal.ts';
import { type PageCompressor, WantedCodings } from './answer/wanted-codings.ts';
import { createArrival } from './arrival.ts';
import { AtTheDoor, roomLanguages } from './at-the-door.ts';
import { BodyReader } from './body-reader.ts';
import { Closures } from './closures.ts';
import type { QuickAnswer } from './connection/front-connection.ts';
import { Direct } from './direct.ts';
import type { EngineRoutes } from './engine-routes.ts';
import { guardedSite } from './feature-routes.ts';
import { guarded, guardedPolicies } from './guarded.ts';
import { Learning } from './learning.ts';
import type { Leaving } from './leaving.ts';
import { Once } from './once.ts';
import { keysFor } from './page-key.ts';
import { createQuick } from './quick.ts';

/** The settings that the way of a request depends on. */
export type PathConfig = Pick<
  Config,
  | 'deadlineMs'
  | 'sieMs'
  | 'lastGoodAfterMs'
  | 'bodyLimit'
  | 'requestTimeoutMs'
  | 'maxStreams'
  | 'keepAliveMs'
  | 'asyncLimit'
  | 'gateCriticalMs'
  | 'gateNormalMs'
  | 'gateLowMs'
  | 'gateBackgroundMs'
  | 'dryRun'
  | 'hosts'
  | 'siteName'
  | 'statusPage'
  | 'cacheEntryBytes'
>;

export interface RequestPathParts {
  config: PathConfig;
  site: Site;
  recorder: Recorder;
  memory: PageMemory;
  store: PageStore;
  leases: LeaseClient;
  /** Features that routes name. */
  parts: Pick<SiteParts, 'engineFeature'>;
  /** Of requests that are to be done once. */
  records: Records;
  purger: Purger;
  /** The lanes of the thread pool; absent: no route uses it. */
  lanes?: Lanes;
  trusted: BlockList;
  /** Headers that every answer carries, name and value in turn. */
  extraHeaders: readonly string[];
  engineRoutes: EngineRoutes;
  compressor: PageCompressor;
  /** Who counts the traffic; absent: nobody. */
  traffic?: Traffic;
  /** Where an operator watches requests; absent: nobody does. */
  tail?: Tail;
  leaving: Leaving;
  /** The door of the waiting rooms. */
  door: Door;
  /** The site failed on a request. */
  onSiteError: (error: unknown, traceId?: string) => void;
  /** Somebody asks the site himself: no cached page will do. */
  onVisitor?: () => void;
  /** A connection or a request came in. */
  onArrival?: () => void;
  /** Somebody got no room. */
  onRefusal: (priority: Priority) => void;
  /** What was learned of the routes before a restart; absent: nothing. */
  costs?: LearnedCosts;
}

/** The way of a request through a worker, put together. */
export interface RequestPath {
  routes: Routes;
  /** By index of the route, the unknown one last. */
  works: readonly RouteWork[];
  dispatcher: Dispatcher;
  pages: Pages;
  /** What an operator has closed. */
  closures: Closures;
  onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  onConnection: () => void;
  quick: QuickAnswer;
}

export function createRequestPath(parts: RequestPathParts): RequestPath {
  const { config, recorder, leases, trusted, extraHeaders, leaving, onSiteError } = parts;
  const { bodyLimit, statusPage } = config;
  const { site: given } = parts;
  const declared = compileRoutes(guardedPolicies(given.policies ?? [], onSiteError));
  const learned = given.learns ? learnRoutes(declared, given.mainPage ?? '/', (route) => expectCost(route)) : undefined;
  const routes = learned ?? declared;
  const site = guardedSite(given, routes, parts.parts.engineFeature, config.siteName);
  const members = { isMember: guarded(site.isMember?.bind(site), false, onSiteError) };
  const works = worksOf(routes, config);
  const dispatcher = dispatcherOf(parts, works);
  const { unit, routes: before } = parts.costs ?? NO_COSTS;
  const costs = new Map(before.map((cost) => [cost.name, cost]));
  const expectCost = ({ policy, index }: Route): void => {
    const cost = costs.get(costName(policy));
    if (cost !== undefined) works[index]!.expect(cost, performance.now());
  };
  for (const route of routes.all) expectCost(route);
  if (unit !== null) dispatcher.unit.expect(unit, performance.now());

  const traffic = parts.traffic ?? NO_TRAFFIC;
  const cpuMsOf = ({ index }: Route): number | undefined =>
    works[index]!.medianCostMs === undefined ? undefined : works[index]!.cpuMs(parts.lanes);

  const withinMs = dispatcher.gate.withinMs.bind(dispatcher.gate);
  const renderer = new Renderer(site, trusted, withinMs);
  const copies = new Copies(parts.memory, parts.store, config.sieMs, recorder, traffic);
  const pageRefusals = new PageRefusals(recorder, parts.onRefusal, (page) => parts.memory.afterPurges(page));
  const flights = new Flights({
    renderer,
    copies,
    leases,
    refusals: pageRefusals,
    dispatcher,
    works,
    recorder,
    lastGoodAfterMs: config.lastGoodAfterMs,
    onRenderError: onSiteError,
  });
  const pages = new Pages({
    copies,
    flights,
    renderer,
    refusals: pageRefusals,
    dispatcher,
    works,
    recorder,
  });

  const tools = {
    recorder,
    siteName: config.siteName,
    traffic,
    tail: parts.tail ?? new Tail(),
    cpuMsOf,
    refusals: createRefusals({ siteName: config.siteName, extraHeaders }),
    codings: new WantedCodings(parts.compressor),
    door: parts.door,
    extraHeaders,
    withinMs,
  };
  const written = new WrittenPages({
    routes,
    memory: (tags) => parts.memory.purge(tags, false, Date.now()),
    purge: (tags) => parts.purger.purge(tags, false),
  });
  const learning = learned === undefined ? undefined : new Learning(learned, pages, config.cacheEntryBytes);
  const direct = new Direct({
    site,
    pages,
    written,
    dispatcher,
    works,
    tools,
    trusted,
    bodyLimit,
    learning,
    onSiteError,
    onVisitor: parts.onVisitor,
  });

  const once = new Once({
    records: parts.records,
    cookies: site.sessionCookies,
    direct,
    dispatcher,
    works,
    recorder,
    siteName: config.siteName,
    extraHeaders,
  });
  const keyOf = keysFor(config.hosts, site.languages ?? ['']);
  const known = { routes, keyOf, copyOf: pages.copyOf, bodyLimit, statusPage };
  const quickly = { routes, keyOf, copyOf: pages.copyInMemory, bodyLimit, statusPage };
  const { engineRoutes } = parts;
  const { keepAliveMs } = config;
  const closures = new Closures(trusted, config.siteName, statusPage);
  const spoken = roomLanguages(site.languages ?? ['en']);
  return {
    routes,
    works,
    dispatcher,
    pages,
    closures,
    onRequest: createArrival({
      site: members,
      known,
      engineRoutes,
      pages,
      direct,
      once,
      dispatcher,
      works,
      bodies: new BodyReader({ timeoutMs: config.requestTimeoutMs }),
      tools,
      leaving,
      closures,
      atTheDoor: new AtTheDoor(parts.door, dispatcher, works),
      roomLanguages: spoken,
      learns: site.learns ?? false,
    }),
    onConnection: () => dispatcher.noteArrival(0),
    quick: createQuick({
      site: members,
      known: quickly,
      pages,
      dispatcher,
      works,
      tools,
      leaving,
      closures,
      roomLanguages: spoken,
      keepAliveMs,
    }),
  };
}

function worksOf(routes: Routes, { asyncLimit }: PathConfig): readonly RouteWork[] {
  return [...routes.all, routes.unknown].map(
    // A place is only a place: there are as many as may be until it is seen that fewer do as much.
    () => new RouteWork(new AdaptiveLimit({ initial: asyncLimit, min: 1, max: asyncLimit })),
  );
}

function dispatcherOf(
  { config, lanes, recorder, onArrival, onRefusal }: RequestPathParts,
  works: readonly RouteWork[],
): Dispatcher {
  return new Dispatcher({
    floors: {
      critical: config.gateCriticalMs,
      normal: config.gateNormalMs,
      low: config.gateLowMs,
      background: config.gateBackgroundMs,
    },
    works,
    ...(lanes === undefined ? {} : { lanes }),
    deadlineMs: config.deadlineMs,
    maxStreams: config.maxStreams,
    dryRun: config.dryRun,
    now: () => performance.now(),
    ...(onArrival === undefined ? {} : { onArrival }),
    onRefusal(priority, why, dryRun) {
      onRefusal(priority);
      recorder.count('tahan_refused_total', [priority, why, dryRun ? 'true' : 'false']);
    },
  });
}
