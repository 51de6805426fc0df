import cluster from 'node:cluster';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, trustedProxyList } from '../../config.ts';
import { startSlowly } from '../admission/slow-start.ts';
import { startBeating, WORKER_RHYTHM } from '../beating.ts';
import type { Mode } from '../beats.ts';
import type { Compressed } from '../cache/compress.ts';
import { PageMemory } from '../cache/memory.ts';
import type { Page } from '../cache/page.ts';
import { limitedReporter, openPageReader, startPageWriter } from '../cache/store.ts';
import { type Link, linkToPrimary } from '../link.ts';
import { createLog } from '../log.ts';
import { Recorder } from '../metrics/recorder.ts';
import { createLeaseDesk } from '../pages/leases.ts';
import { createPurger } from '../pages/purger.ts';
import { warmUp } from '../pages/warm-up.ts';
import { createPool } from '../pool/pool.ts';
import { createPortServer } from '../request/connection/port-server.ts';
import { createEngineRoutes } from '../request/engine-routes.ts';
import { guarded } from '../request/guarded.ts';
import { createRequestPath } from '../request/request-path.ts';
import { visitOf } from '../request/visit.ts';
import type { Route } from '../routes.ts';
import { sessionSecret } from '../secret.ts';
import { createLimiterDesk } from './limiters.ts';
import { loadSite, siteSettings } from './load-site.ts';
import { Rebalance } from './rebalance.ts';
import { createScraper } from './scraper.ts';

/** How long after a purge the main page is rendered anew, ms. */
const AFTER_PURGE_MS = 2;
/** Largest message of a site to its other workers, characters of JSON. */
const MAX_BROADCAST = 16_384;
/** Longest reason of a failed start that travels to the primary's log, characters. */
const MAX_REASON = 2_000;
/** Time for the open requests of a worker whose code failed, ms. */
const CRASH_DRAIN_MS = 1_000;

/** A worker: loads the site, says that it is ready, borrows the port when told to, and serves until it is drained. */
export async function startWorker(config: Config, siteUrl: URL): Promise<void> {
  setPriority(config.workerNice);
  const processName = `worker-${cluster.worker?.id ?? 0}`;
  const log = createLog(config.logLevel, processName);
  const link = linkToPrimary(log, () => process.exit(0));
  try {
    await serve(config, siteUrl, processName, log, link);
  } catch (error) {
    link.send({
      type: 'failed',
      reason: (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, MAX_REASON),
    });
    // The message must be on its way before the process goes.
    setTimeout(() => process.exit(1), 50);
  }
}

/** @throws what the site throws while it loads, or `SiteStartError` */
async function serve(config: Config, siteUrl: URL, processName: string, log: Logger, link: Link): Promise<void> {
  const stamp = config.lab ? ['x-tahan-process', processName] : [];
  const recorder = new Recorder();
  const trusted = trustedProxyList(config.trustedProxies);
  const onSiteError = (error: unknown): void => {
    recorder.count('tahan_site_errors_total', [error instanceof Error ? error.name : 'other']);
    log.error({ error: error instanceof Error ? error.stack : String(error) }, 'the site failed on a request');
  };

  let mode: Mode = 'calm';
  let serving = 1;
  let lifeboat = true;
  let health: { status: 200 | 503; body: string } = { status: 503, body: '{"status":"down"}\n' };
  link.on('mode', (message) => {
    mode = message.mode;
    serving = message.serving;
    lifeboat = message.lifeboat;
    health = { status: message.httpStatus, body: message.health };
  });

  const module = await loadSite(siteUrl);
  const settings = siteSettings(config, sessionSecret(config.dataDir, config.sessionSecret));
  const tasks = { url: undefined as URL | undefined };
  const broadcasts = new Map<string, (body: unknown) => void>();
  link.on('broadcast', ({ topic, body }) => broadcasts.get(topic)?.(body));
  const limiter = createLimiterDesk();
  const storePath = join(config.dataDir, 'pages.db');
  const report = limitedReporter((line) => log.warn(line));
  const memory = new PageMemory({ maxBytes: config.cacheBytes, maxEntryBytes: config.cacheEntryBytes });
  // The store was made anew: what is in memory fills it again, so that the lifeboat has something to give.
  const refillStore = (): void => {
    for (const page of memory.values()) writer.put(page);
  };
  const writer = startPageWriter({ path: storePath, maxBytes: config.storeBytes, onRenewed: refillStore }, report);
  const reader = openPageReader(storePath, report, () => writer.suspect());
  let onPurged = (): void => {};
  const purger = createPurger({
    link,
    memory(tagsToPurge, hard, at) {
      recorder.count('tahan_cache_purges_total', [], memory.purge(tagsToPurge, hard, at));
      onPurged();
    },
    store(tagsToPurge, hard, at) {
      writer.purge(tagsToPurge, hard, at);
      return writer.flush();
    },
  });

  let pool: ReturnType<typeof createPool> | undefined;
  const site = await module.createSite({
    settings,
    log,
    processName,
    pool: {
      run(task, input, options) {
        pool ??= startPool();
        return pool.run(task, input, options);
      },
    },
    purge: (tagsToPurge, options) => purger.purge(tagsToPurge, options?.hard ?? false),
    limiter,
    request: visitOf,
    broadcast(topic, body) {
      const length = JSON.stringify(body)?.length ?? 0;
      if (length > MAX_BROADCAST)
        throw new RangeError(`a broadcast takes up to ${MAX_BROADCAST} characters of JSON, not ${length}`);
      link.send({ type: 'broadcast', topic, body });
    },
    onBroadcast: (topic, listener) => broadcasts.set(topic, listener),
  });
  tasks.url = site.tasks;
  function startPool(): ReturnType<typeof createPool> {
    return createPool({
      tasks: tasks.url,
      engineTasks: { tahan: new URL('../cache/compress.ts', import.meta.url) },
      threads: Math.max(1, Math.floor(config.cores / config.workersMax)),
      maxQueue: config.poolQueue,
      defaultDeadlineMs: config.poolDeadlineMs,
      memoryMb: config.poolMemoryMb,
      onTask({ task, outcome, waitMs, runMs }) {
        recorder.count('tahan_pool_tasks_total', [task, outcome]);
        recorder.observe('tahan_pool_wait_seconds', [], waitMs / 1_000);
        if (runMs > 0) recorder.observe('tahan_pool_run_seconds', [task], runMs / 1_000);
      },
      onStray: (error) => log.warn({ error: error.message }, 'a pool thread failed'),
    });
  }
  pool ??= startPool();
  const threads = pool;

  const featuresOf = guarded(site.health?.bind(site), {}, onSiteError);
  const waitedMsOf = guarded(site.waitedMs?.bind(site), 0, onSiteError);
  const compressing = new WeakSet<Page>();
  const compress = (page: Page): void => {
    if (mode === 'saturated' || compressing.has(page)) return;
    compressing.add(page);
    threads.run<Compressed>('tahan:compress', page.bodies.identity).then(
      (codings) => {
        if (memory.addCodings(page, codings)) writer.put(page);
      },
      // The page is served as it is; the outcome is counted with the task.
      () => {},
    );
  };

  let refusedSinceBeat = false;
  let draining = false;
  const rebalance = new Rebalance(() => performance.now());
  const { routes, dispatcher, pages, onRequest, onConnection, quick } = createRequestPath({
    config,
    site,
    recorder,
    memory,
    store: { read: reader.read, put: writer.put, flush: writer.flush },
    leases: createLeaseDesk(link, () => serving),
    trusted,
    stamp,
    engineRoutes: createEngineRoutes({
      health: () => health,
      ready: () => !draining && !lifeboat,
      exposition: createScraper(link),
      metricsToken: config.metricsToken,
      stamp: Object.fromEntries(stamp.length > 0 ? [[stamp[0], stamp[1]]] : []),
      record: (route, request, response) =>
        recorder.request(route, request.method ?? 'GET', response.statusCode, 'engine', 0),
    }),
    compress,
    closing: () => draining,
    partWith: () => mode !== 'saturated' && rebalance.next(),
    onSiteError,
    onRefusal(priority) {
      if (priority !== 'background') refusedSinceBeat = true;
    },
  });
  link.on('wanted', ({ key }) => pages.wantedElsewhere(key));
  const server = createPortServer(config, onRequest, onConnection, quick);

  const languages = site.languages ?? [''];
  const mainPage = site.mainPage ?? '/';
  const mainRoute: Route = routes.match('GET', mainPage);
  const mainKeys = languages.map((language) => `${language}\n\n${mainPage}`);
  // Published or not: the main page is rendered anew at once, so that a copy of it is always at hand.
  onPurged = () => {
    if (!mainRoute.cacheable) return;
    // A render that begins in the millisecond of the purge would count as older than it.
    setTimeout(() => {
      for (const key of mainKeys)
        if (memory.peek(key)?.purged !== false) pages.refresh(key, mainRoute, 'main', 'normal');
    }, AFTER_PURGE_MS);
  };

  let evictionsTold = 0;
  const beating = startBeating(link, recorder, WORKER_RHYTHM, () => {
    const oldest = dispatcher.queue.oldestQueuedAt();
    const saturated = refusedSinceBeat;
    refusedSinceBeat = false;
    recorder.count('tahan_cache_evictions_total', [], memory.evictions - evictionsTold);
    evictionsTold = memory.evictions;
    return {
      inFlight: dispatcher.inFlight,
      queued: dispatcher.queue.length,
      queueDelayMs: oldest === undefined ? 0 : Math.max(0, performance.now() - oldest),
      completed: dispatcher.completed,
      refused: dispatcher.refused,
      arrived: recorder.requests,
      connections: server.connections,
      poolQueued: threads.stats().queued,
      poolRunning: threads.stats().running,
      sqliteWaitMs: waitedMsOf(),
      cachePages: memory.pages,
      cacheBytes: memory.bytes,
      saturated,
      listening: server.listening,
      features: featuresOf(),
    };
  });

  const end = async (withinMs: number, idleMs: number, exitCode: number): Promise<void> => {
    if (draining) return;
    draining = true;
    await server.drain(withinMs, idleMs);
    beating.stop();
    await site.close?.();
    await writer.close();
    reader.close();
    await threads.close();
    process.exitCode = exitCode;
    process.disconnect?.();
    // Whatever the site left open must not keep a drained worker alive.
    setImmediate(() => process.exit(exitCode));
  };
  link.on('listen', ({ backlog, slowStart }, handle) => {
    if (handle === undefined || draining) return;
    if (slowStart) startSlowly((share) => (dispatcher.share = share));
    server.listen(handle, backlog, (problem) => {
      if (problem === undefined) link.send({ type: 'listening' });
      else {
        log.error({ error: problem.message }, 'cannot listen on the lent port');
        process.exit(1);
      }
    });
  });
  link.on('drain', ({ withinMs, idleMs }) => void end(withinMs, idleMs, 0));
  link.on('rebalance', ({ share, forMs }) => rebalance.begin(server.connections, share, forMs));
  // A terminal's Ctrl-C and a process manager's group signal reach the workers too: the primary decides.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  process.on('SIGHUP', () => {});
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.fatal(
        { error: error instanceof Error ? error.stack : String(error) },
        `${event}: this worker ends, another takes its place`,
      );
      if (!draining) link.send({ type: 'left', withinMs: CRASH_DRAIN_MS });
      void end(CRASH_DRAIN_MS, 0, 1);
    });
  }

  // The store exists from here on, for this worker's reader and for the lifeboat's.
  await writer.flush();
  for (const page of reader.newest(config.cacheBytes / 2).reverse()) memory.set(page);
  const problem = await warmUp({
    keys: mainKeys,
    route: mainRoute,
    mainPage,
    pages,
    warn: (line) => log.warn(line),
  });
  if (problem !== null) log.warn(problem);
  await writer.flush();
  link.send({
    type: 'ready',
    publicPages: {
      mainPage,
      languages: [...languages],
      routes: routes.all.map(({ policy, cacheable }) => ({
        route: policy.route,
        ...(policy.methods === undefined ? {} : { methods: [...policy.methods] }),
        query: [...(policy.cache?.query ?? [])],
        cacheable,
      })),
    },
    problem: problem?.slice(0, MAX_REASON) ?? null,
  });
}
