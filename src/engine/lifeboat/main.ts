import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { type Beating, LIFEBOAT_RHYTHMS, startBeating } from '../beating.ts';
import type { PublicPages } from '../beats.ts';
import { ageMs, freshness } from '../cache/freshness.ts';
import { PageMemory } from '../cache/memory.ts';
import { mediaTypeOf, type Page } from '../cache/page.ts';
import { limitedReporter, openPageReader } from '../cache/store.ts';
import { answerOf } from '../cache/wire.ts';
import { linkToPrimary } from '../link.ts';
import { createLog } from '../log.ts';
import { Recorder } from '../metrics/recorder.ts';
import { boundedConnections } from '../open-files.ts';
import { createRefusals } from '../request/answer/refusal.ts';
import { askedOf } from '../request/asked.ts';
import { answerBody } from '../request/body.ts';
import { BrowserFiles } from '../request/browser-files.ts';
import { parsePlainGet } from '../request/connection/plain-get.ts';
import { createPortServer } from '../request/connection/port-server.ts';
import { type DirectDecision, decide, type EnginePath, type Known, type PageDecision } from '../request/decide.ts';
import { EngineRoutes } from '../request/engine-routes.ts';
import { keysFor, mainPageKeys } from '../request/page-key.ts';
import { toOriginForm } from '../request/target.ts';
import { compileRoutes } from '../routes.ts';
import { settle } from '../settle.ts';
import type { Answered } from '../traffic/answered.ts';
import { askerOf } from '../traffic/asker.ts';
import { createTrafficSender } from '../traffic/sender.ts';
import { Copies } from './copies.ts';
import { standBefore } from './reception.ts';
import { MAX_HELD, WaitingRoom } from './waiting-room.ts';

/** The lifeboat's own share of the page memory. */
const MEMORY_SHARE = 0.25;
/** Of its connections so many may be in the waiting room. */
const HELD_SHARE = 0.25;
/** The main page is read from the store this often, so that a copy is at hand even when the disk fails later. */
const MAIN_PAGE_EVERY_MS = 2_000;

/**
 * The lifeboat: holds the port only while no worker can answer, and gives visitors the last good pages of the store and
 * `/health`. Whoever asks for something else is held for a moment and given to the first worker that answers again; only
 * when none does, they get the waiting page. It never runs site code, and every answer ends its connection, so that its
 * visitors come back to the workers.
 */
export async function startLifeboat(config: Config): Promise<void> {
  const log = createLog(config.logLevel, 'lifeboat', config);
  const link = linkToPrimary(log, () => process.exit(0));
  const extraHeaders = config.lab ? ['x-tahan-process', 'lifeboat'] : [];
  const recorder = new Recorder();
  const memory = new PageMemory({ maxBytes: config.cacheBytes * MEMORY_SHARE, maxEntryBytes: config.cacheEntryBytes });
  const reader = openPageReader(
    join(config.dataDir, 'pages.db'),
    limitedReporter((line) => log.warn(line)),
  );
  const refuse = createRefusals({ siteName: config.siteName, extraHeaders }).write;

  let health: { status: 200 | 503; body: string } = { status: 503, body: '{"status":"down"}\n' };
  let mainKeys: readonly string[] = [];
  let mainPagePath = '/';
  let answered = 0;
  let beating: Beating | undefined;

  const keepMainPage = (): void => {
    for (const key of mainKeys) {
      const page = reader.read(key);
      if (page !== undefined) memory.set(page);
    }
  };
  const copies = new Copies(memory, reader, () => performance.now());
  /** Nothing, until the primary has told which pages the site has. */
  let known: Known = {
    routes: compileRoutes([]),
    keyOf: keysFor(config.hosts, ['']),
    copyOf: (key) => copies.of(key),
    bodyLimit: config.bodyLimit,
    statusPage: config.statusPage,
  };
  const setPublicPages = ({ mainPage, languages: spoken, routes }: PublicPages): void => {
    const languages = spoken.length > 0 ? spoken : [''];
    mainPagePath = mainPage;
    mainKeys = mainPageKeys(mainPage, languages, config.hosts);
    known = {
      ...known,
      keyOf: keysFor(config.hosts, languages),
      routes: compileRoutes(
        routes.map(({ route, methods, query, cacheable, ttlMs }) => ({
          route,
          ...(methods === undefined ? {} : { methods }),
          // How long a page is good is written on its copy; this is for the report of the traffic.
          ...(cacheable ? { cache: { ttlMs, query } } : {}),
        })),
      ),
    };
    keepMainPage();
  };

  const { traffic } = createTrafficSender(config, link, log);
  const count = (kind: string): void => recorder.count('tahan_lifeboat_answers_total', [kind]);
  const engineRoutes = new EngineRoutes({
    // The lifeboat is never what a balancer should send visitors to, and asks nobody for metrics.
    status: { health: () => health, ready: () => false, exposition: () => Promise.resolve(undefined) },
    metricsToken: config.metricsToken,
    siteName: config.siteName,
    extraHeaders,
    files: new BrowserFiles({ ...config, mainPage: () => mainPagePath }),
    record: (path) => count(kindOf(path)),
  });
  /** Tells who asked, as a worker does; `page`: what they got, undefined: the waiting page. */
  const tell = (
    request: IncomingMessage,
    { route, path, query }: PageDecision | DirectDecision,
    answer: Pick<Answered, 'status' | 'use' | 'bytes'>,
    page: Page | undefined,
    now: number,
  ): void => {
    if (!traffic.looks(request.socket, performance.now())) return;
    traffic.answered({
      ...askerOf(request),
      path,
      query,
      // No site code runs here that could tell.
      member: false,
      route,
      cpuMs: undefined,
      type: page === undefined ? undefined : mediaTypeOf(page),
      ageMs: page === undefined ? undefined : ageMs(page, now),
      key: page?.key,
      ...answer,
    });
  };
  const serve = (
    request: IncomingMessage,
    response: ServerResponse,
    decision: PageDecision | DirectDecision,
    page: Page,
    now: number,
  ): void => {
    const state = freshness(page, now);
    const use = state === 'fresh' || state === 'revalidate' ? state : 'last_good';
    const { status, head, body } = answerOf(
      page,
      use,
      {
        acceptEncoding: request.headers['accept-encoding'] as string | undefined,
        ifNoneMatch: request.headers['if-none-match'],
      },
      now,
      extraHeaders,
    );
    response.writeHead(status, head);
    response.end(request.method === 'HEAD' ? undefined : body);
    count(state === 'lastGood' ? 'last_good' : 'fresh');
    tell(request, decision, { status, use, bytes: body?.length ?? 0 }, page, now);
  };
  /** The anonymous copy of a public page, for whoever cannot have an answer of their own. */
  const copyFor = ({ copyKey }: DirectDecision, now: number): Page | undefined => {
    const copy = copyKey === undefined ? undefined : copies.of(copyKey);
    return copy === undefined || freshness(copy, now) === 'dead' ? undefined : copy;
  };

  /** Carries the decision out with what there is without the site: the same decision as in a worker. */
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    answered += 1;
    beating?.wake();
    response.shouldKeepAlive = false;
    toOriginForm(request);
    const now = Date.now();
    // No site code runs here that could tell a member: a public page has its anonymous copy for everybody.
    const decision = decide(askedOf(request), false, known, now);
    if (decision.kind === 'engine') {
      engineRoutes.answer(request, response, decision.path);
      return;
    }
    if (decision.kind === 'refuse') {
      answerBody(request, response, 'too_large', decision.limit);
      count('body_too_large');
      return;
    }
    const page = decision.kind === 'page' ? decision.copy : copyFor(decision, now);
    if (page !== undefined) serve(request, response, decision, page, now);
    else {
      refuse(request, response, Math.random());
      count('waiting_page');
      tell(request, decision, { status: 503, use: 'refused', bytes: 0 }, undefined, now);
    }
  };
  /** Whether the first bytes of a connection are a request that is answered here, and not by the worker that is awaited. */
  const canAnswer = (bytes: Buffer): boolean => {
    const get = parsePlainGet(asGet(bytes));
    if (get === undefined) return false;
    const now = Date.now();
    const decision = decide(get, false, known, now);
    if (decision.kind === 'page') return decision.copy !== undefined;
    return decision.kind !== 'direct' || copyFor(decision, now) !== undefined;
  };
  const connections = boundedConnections(config.maxConnections);
  const maxHeld = Math.min(MAX_HELD, Math.floor(connections * HELD_SHARE));
  const server = createPortServer({ ...config, maxConnections: connections - maxHeld }, onRequest, () => {});
  const room: WaitingRoom = new WaitingRoom({
    handBack: (id, bytes, handle) => link.send({ type: 'hand-back', id, bytes: bytes.toString('base64') }, handle),
    giveUp: (handle, bytes) => reception.answerHere(handle, bytes),
    prefix: String(process.pid),
    maxHeld,
    now: () => performance.now(),
  });
  const reception = standBefore(server.server, config.headerTimeoutMs, canAnswer, room);

  link.on('public-pages', ({ publicPages }) => setPublicPages(publicPages));
  link.on('mode', (message) => {
    health = { status: message.httpStatus, body: message.health };
  });
  link.on('purge', ({ id, tags, hard, at }) => {
    memory.purge(tags, hard, at);
    link.send({ type: 'purged', id });
  });
  link.on('listen', ({ backlog }, handle) => {
    if (handle === undefined) return;
    room.shutDoor();
    beating?.wake();
    if (server.listening) {
      handle.close();
      return;
    }
    server.listen(handle, backlog, (problem) => {
      if (problem !== undefined) log.error({ error: problem.message }, 'the lifeboat cannot listen on the lent port');
    });
  });
  link.on('leave', () => {
    server.leave();
    link.send({ type: 'port-closed' });
    reception.letGo();
    room.openDoor();
  });
  link.on('handed', ({ id, taken }) => {
    if (room.handed(id, taken)) count('handed_back');
  });
  setInterval(keepMainPage, MAIN_PAGE_EVERY_MS).unref();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

  beating = startBeating(link, recorder, LIFEBOAT_RHYTHMS, () => ({
    inFlight: 0,
    queued: 0,
    queueDelayMs: 0,
    workUnitMs: 0,
    loadRatio: { loop: 0, pool: 0, elsewhere: 0 },
    completed: answered,
    refused: 0,
    arrived: answered,
    connections: server.connections + room.size,
    poolQueued: 0,
    poolRunning: 0,
    sqliteWaitMs: 0,
    cachePages: memory.pages,
    cacheBytes: memory.bytes,
    saturated: false,
    listening: server.listening,
    features: {},
  }));
  settle();
  link.send({ type: 'ready', publicPages: { mainPage: '/', languages: [], routes: [] }, problem: null });
}

/** How an answer of the engine itself is counted. */
function kindOf(path: EnginePath): string {
  if (path === '/metrics') return 'metrics';
  if (path === '/status') return 'status_page';
  return path.startsWith('/tahan/') ? 'browser_file' : 'health';
}

/** A HEAD is answered as the GET of the same words (RFC 9110 section 9.3.2). */
const asGet = (bytes: Buffer): Buffer =>
  bytes.toString('latin1', 0, 5) === 'HEAD ' ? Buffer.concat([Buffer.from('GET'), bytes.subarray(4)]) : bytes;
