import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { LIFEBOAT_RHYTHM, startBeating } from '../beating.ts';
import type { PublicPages } from '../beats.ts';
import { freshness } from '../cache/freshness.ts';
import { cacheKey } from '../cache/key.ts';
import { PageMemory } from '../cache/memory.ts';
import type { Page } from '../cache/page.ts';
import { limitedReporter, openPageReader } from '../cache/store.ts';
import { answerOf } from '../cache/wire.ts';
import { linkToPrimary } from '../link.ts';
import { createLog } from '../log.ts';
import { Recorder } from '../metrics/recorder.ts';
import { createRefusals } from '../request/answer/refusal.ts';
import { createPortServer } from '../request/connection/port-server.ts';
import { negotiate } from '../request/language.ts';
import { compileRoutes, type Routes } from '../routes.ts';

/** The lifeboat's own share of the page memory. */
const MEMORY_SHARE = 0.25;
/** The main page is read from the store this often, so that a copy is at hand even when the disk fails later. */
const MAIN_PAGE_EVERY_MS = 2_000;

/**
 * The lifeboat: holds the port only while no worker can answer, and gives visitors the last good pages of the store,
 * `/health`, and for everything else the waiting page. It never runs site code, and every answer ends its connection,
 * so that its visitors come back to the workers.
 */
export async function startLifeboat(config: Config): Promise<void> {
  const log = createLog(config.logLevel, 'lifeboat');
  const link = linkToPrimary(log, () => process.exit(0));
  const stamp = config.lab ? ['x-tahan-process', 'lifeboat'] : [];
  const recorder = new Recorder();
  const hosts = new Set(config.hosts.map((host) => host.toLowerCase()));
  const memory = new PageMemory({ maxBytes: config.cacheBytes * MEMORY_SHARE, maxEntryBytes: config.cacheEntryBytes });
  const reader = openPageReader(
    join(config.dataDir, 'pages.db'),
    limitedReporter((line) => log.warn(line)),
  );
  const refuse = createRefusals({ siteName: config.siteName, stamp }).write;

  let health: { status: 200 | 503; body: string } = { status: 503, body: '{"status":"down"}\n' };
  let routes: Routes = compileRoutes([]);
  let languages: readonly string[] = [''];
  let mainKeys: string[] = [];
  let answered = 0;

  const learn = ({ mainPage, languages: spoken, routes: known }: PublicPages): void => {
    languages = spoken.length > 0 ? spoken : [''];
    mainKeys = languages.map((language) => `${language}\n\n${mainPage}`);
    routes = compileRoutes(
      known.map(({ route, methods, query, cacheable }) => ({
        route,
        ...(methods === undefined ? {} : { methods }),
        // Only which pages there are matters here; how long each is good is written on its copy.
        ...(cacheable ? { cache: { ttlMs: 0, query } } : {}),
      })),
    );
    keepMainPage();
  };
  const keepMainPage = (): void => {
    for (const key of mainKeys) {
      const page = reader.read(key);
      if (page !== undefined) memory.set(page);
    }
  };

  const find = (request: IncomingMessage): Page | undefined => {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    const route = routes.match('GET', path);
    if (!route.cacheable) return undefined;
    const key = cacheKey({
      path,
      query: mark === -1 ? '' : url.slice(mark + 1),
      allowed: route.policy.cache?.query ?? [],
      host: request.headers.host,
      hosts,
      language: negotiate(request.headers['accept-language'], languages),
    });
    if (key === undefined) return undefined;
    const held = memory.get(key);
    if (held !== undefined) return held;
    const stored = reader.read(key);
    const page = stored === undefined ? undefined : memory.afterPurges(stored);
    if (page !== undefined) memory.set(page);
    return page;
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    answered += 1;
    response.shouldKeepAlive = false;
    const reading = request.method === 'GET' || request.method === 'HEAD';
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (reading && (path === '/health' || path.startsWith('/health/'))) {
      const [status, body] =
        path === '/health/live'
          ? [200, '{"live":true}\n']
          : path === '/health'
            ? [health.status, health.body]
            : [503, '{"ready":false}\n'];
      response.writeHead(status, [
        ...stamp,
        'content-type',
        'application/json; charset=utf-8',
        'cache-control',
        'no-store',
        'content-length',
        String(Buffer.byteLength(body)),
      ]);
      response.end(request.method === 'HEAD' ? undefined : body);
      recorder.count('tahan_lifeboat_answers_total', ['health']);
      return;
    }
    const now = Date.now();
    const page = reading ? find(request) : undefined;
    const state = page === undefined ? 'dead' : freshness(page, now);
    if (page === undefined || state === 'dead') {
      refuse(request, response, Math.random());
      recorder.count('tahan_lifeboat_answers_total', ['waiting_page']);
      return;
    }
    const { status, head, body } = answerOf(
      page,
      state === 'lastGood' ? 'last_good' : state,
      {
        acceptEncoding: request.headers['accept-encoding'] as string | undefined,
        ifNoneMatch: request.headers['if-none-match'],
      },
      now,
      stamp,
    );
    response.writeHead(status, head);
    response.end(request.method === 'HEAD' ? undefined : body);
    recorder.count('tahan_lifeboat_answers_total', [state === 'lastGood' ? 'last_good' : 'fresh']);
  };
  const server = createPortServer(config, onRequest, () => {});

  link.on('public-pages', ({ publicPages }) => learn(publicPages));
  link.on('mode', (message) => {
    health = { status: message.httpStatus, body: message.health };
  });
  link.on('purge', ({ id, tags, hard, at }) => {
    memory.purge(tags, hard, at);
    link.send({ type: 'purged', id });
  });
  link.on('listen', ({ backlog }, handle) => {
    if (handle === undefined) return;
    if (server.listening) {
      handle.close();
      return;
    }
    server.listen(handle, backlog, (problem) => {
      if (problem !== undefined) log.error({ error: problem.message }, 'the lifeboat cannot listen on the lent port');
    });
  });
  link.on('leave', () => server.leave());
  setInterval(keepMainPage, MAIN_PAGE_EVERY_MS).unref();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

  startBeating(link, recorder, LIFEBOAT_RHYTHM, () => ({
    inFlight: 0,
    queued: 0,
    queueDelayMs: 0,
    completed: answered,
    refused: 0,
    arrived: answered,
    connections: server.connections,
    poolQueued: 0,
    poolRunning: 0,
    sqliteWaitMs: 0,
    cachePages: memory.pages,
    cacheBytes: memory.bytes,
    saturated: false,
    listening: server.listening,
    features: {},
  }));
  link.send({ type: 'ready', publicPages: { mainPage: '/', languages: [], routes: [] }, problem: null });
}
