import cluster from 'node:cluster';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { type Config, trustedProxyList } from '../../config.ts';
import { startSlowly } from '../admission/slow-start.ts';
import { readAppConfig } from '../app-config.ts';
import type { Beating } from '../beating.ts';
import type { PublicPages } from '../beats.ts';
import { limitedReporter } from '../cache/store.ts';
import { partsOfProcess } from '../features/site-parts.ts';
import { openRecords } from '../idempotency/records.ts';
import { type Link, linkToPrimary } from '../link.ts';
import { createLog } from '../log.ts';
import { Recorder } from '../metrics/recorder.ts';
import { SiteMistakesError } from '../mistakes.ts';
import { Entries } from '../next/entries.ts';
import { shareEntries } from '../next/entries-of-process.ts';
import { boundedConnections } from '../open-files.ts';
import { createLeaseClient } from '../pages/leases.ts';
import { createPurger } from '../pages/purger.ts';
import { BrowserFiles } from '../request/browser-files.ts';
import { MISSING_PARTS } from '../request/connection/node-parts.ts';
import { createPortServer } from '../request/connection/port-server.ts';
import { attach } from '../request/connection/raw-connection.ts';
import { passUpgrades } from '../request/connection/upgrades.ts';
import { EngineRoutes } from '../request/engine-routes.ts';
import { createRequestPath } from '../request/request-path.ts';
import type { Routes } from '../routes.ts';
import { settle } from '../settle.ts';
import type { Site } from '../site.ts';
import { checkSite } from '../site-check.ts';
import { createTrafficSender } from '../traffic/sender.ts';
import { startWorkerBeat } from './beat.ts';
import { Compressor } from './compressor.ts';
import { openCostFile } from './cost-file.ts';
import { Doors } from './doors/doors.ts';
import { endWhenTold } from './drain.ts';
import { keepEventPages } from './event-pages.ts';
import { loadSite } from './load-site.ts';
import { MainPage } from './main-page.ts';
import { withoutPorts } from './no-ports.ts';
import { obeyOperator } from './operator.ts';
import { PageFiles } from './page-files.ts';
import { createDoor } from './room.ts';
import { Sessions } from './sessions.ts';
import { siteContext } from './site-context.ts';
import { SitePool } from './site-pool.ts';
import { WorkerState } from './state.ts';
import { createTailSender } from './tail-sender.ts';
import { takeConnections } from './take.ts';

/** Longest reason of a failed start that travels to the primary's log, characters. */
const MAX_REASON = 2_000;

/** An app that Node itself runs as the main module of this process. */
export interface Entry {
  /** Resolves with what it exports, when it has run. */
  load: () => Promise<unknown>;
  /** Path of its `tahan.config`; empty: none. */
  appConfig: string;
}

/** A worker: loads the site, says that it is ready, borrows the port when told to, and serves until it is drained. */
export async function startWorker(config: Config, siteUrl: URL, entry?: Entry): Promise<void> {
  setPriority(config.workerNice);
  const processName = `worker-${cluster.worker?.id ?? 0}`;
  const log = createLog(config.logLevel, processName, config);
  const link = linkToPrimary(log, () => process.exit(0));
  try {
    await serve(config, siteUrl, entry, processName, log, link);
  } catch (error) {
    link.send({
      type: 'failed',
      mistakes: error instanceof SiteMistakesError,
      reason: reasonOf(error).slice(0, MAX_REASON),
    });
    // The message must be on its way before the process goes.
    setTimeout(() => process.exit(1), 50);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof SiteMistakesError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** @throws what the site throws while it loads, `SiteStartError`, or `SiteMistakesError` */
async function serve(
  config: Config,
  siteUrl: URL,
  entry: Entry | undefined,
  processName: string,
  log: Logger,
  link: Link,
): Promise<void> {
  let leave = (): void => {};
  const doors =
    entry === undefined
      ? undefined
      : new Doors({
          shown: { address: config.host, port: Number(process.env.TAHAN_INTERNAL_PORT) },
          wantedPort: config.port,
          publicUrl: config.publicUrl,
          log,
          readAppConfig: () => readAppConfig(entry.appConfig),
          onLeave: () => leave(),
        });
  const extraHeaders = config.lab ? ['x-tahan-process', processName] : [];
  const recorder = new Recorder();
  const onSiteError = (error: unknown, traceId?: string): void => {
    recorder.count('tahan_site_errors_total', [error instanceof Error ? error.name : 'other']);
    const stack = error instanceof Error ? error.stack : String(error);
    log.error({ error: stack, ...(traceId === undefined ? {} : { traceId }) }, 'the site failed on a request');
  };
  const state = new WorkerState(link);
  const module = await loadSite(siteUrl, doors, entry?.load);
  const files = new PageFiles(config, log);
  let mainPage: MainPage | undefined;
  const parts = partsOfProcess();
  const purger = createPurger({
    link,
    memory(tags, hard, at) {
      recorder.count('tahan_cache_purges_total', [], files.memory.purge(tags, hard, at));
      parts.purge(tags, hard);
      entries.forget(tags);
      mainPage?.afterPurge();
    },
    store(tags, hard, at) {
      files.writer.purge(tags, hard, at);
      return files.flush();
    },
  });
  const entries = new Entries({
    memory: files.memory,
    read: (key) => files.read(key),
    put: (page) => files.put(page),
    purge: (tags) => purger.purge(tags, false),
  });
  shareEntries(entries);
  const pool = new SitePool(config, recorder, log);
  if (module.tasks !== undefined) pool.open(module.tasks);
  const sender = createTrafficSender(config, link, log);
  const context = siteContext(config, processName, log, link, pool, purger, parts, sender.traffic);
  const create = (): ReturnType<typeof module.createSite> => module.createSite(context);
  const site = checkSite(await (doors === undefined ? withoutPorts(create) : create()), module);
  const sessions: Sessions = new Sessions(link, processName, (handle, bytes) => attach(server.server, handle, bytes));
  if (doors !== undefined) site.handler = sessions.watch(site.handler);
  // A request's own work in the pool has its priority only where the site is known to have tasks.
  if (module.tasks !== undefined) site.tasks ??= module.tasks;
  pool.open(site.tasks);

  parts.connect({
    asyncLimit: config.asyncLimit,
    countFeature: (name, outcome) => recorder.count('tahan_feature_calls_total', [name, outcome]),
    countFetch: (outcome) => recorder.count('tahan_fetch_calls_total', [outcome]),
  });
  const records = openRecords(
    join(config.dataDir, 'idempotency.db'),
    limitedReporter((line) => log.warn(line)),
  );
  let beat: Beating | undefined;
  const costFile = openCostFile(config.dataDir, siteUrl, config.version, (line) => log.warn(line));
  const path = createRequestPath({
    config,
    site,
    costs: costFile.costs,
    recorder,
    memory: files.memory,
    store: files,
    records,
    parts,
    leases: createLeaseClient(link, () => state.servingWorkers),
    purger,
    lanes: pool.lanes,
    trusted: trustedProxyList(config.trustedProxies),
    extraHeaders,
    engineRoutes: new EngineRoutes({
      status: state,
      metricsToken: config.metricsToken,
      siteName: config.siteName,
      extraHeaders,
      files: new BrowserFiles({ ...config, mainPage: () => site.mainPage ?? '/' }),
      record: (route, request, response) =>
        recorder.request(route, request.method ?? 'GET', response.statusCode, 'engine', 0),
    }),
    traffic: sender.traffic,
    tail: createTailSender(link),
    compressor: new Compressor(pool, files, state),
    leaving: state,
    door: createDoor(config, link, recorder, extraHeaders),
    onSiteError,
    onVisitor: warmedByVisitors(pool),
    onArrival: () => beat?.wake(),
    onRefusal: (priority) => state.noteRefusal(priority),
  });
  const { routes, pages } = path;
  mainPage = new MainPage(site, routes, pages, config.hosts);
  if (MISSING_PARTS.length > 0)
    log.warn({ missing: MISSING_PARTS }, 'this Node lacks parts of node:http: plain requests take the long way');
  const maxConnections = boundedConnections(config.maxConnections);
  const server = createPortServer(
    { ...config, maxConnections },
    path.onRequest,
    path.onConnection,
    path.quick,
    sessions,
  );
  const upgrades =
    site.upgrade === undefined
      ? undefined
      : passUpgrades(
          server,
          site,
          config.maxStreams,
          (outcome) => recorder.count('tahan_upgrades_total', [outcome]),
          onSiteError,
        );
  beat = startWorkerBeat({ link, recorder, site, state, path, server, pool, files, parts, onSiteError });
  takeConnections(link, server, maxConnections);
  obeyOperator({ link, purger, dispatcher: path.dispatcher, closures: path.closures });
  leave = endWhenTold({
    link,
    log,
    config,
    site,
    state,
    server,
    upgrades,
    beat,
    files,
    records,
    pool,
    traffic: sender,
    keepCosts: costFile.keep(routes, path.works, path.dispatcher),
  });

  keepEventPages(link, routes, pages, files.memory, site.languages ?? [''], config.hosts);
  link.on('wanted', ({ key }) => pages.storeForOthers(key));
  link.on('rebalance', ({ share, forMs }) => state.rebalance.begin(server.connections, share, forMs));
  link.on('listen', ({ backlog, slowStart }, handle) => {
    if (handle === undefined || state.draining) return;
    beat.wake();
    if (slowStart) startSlowly((share) => (path.dispatcher.gate.share = share));
    server.listen(handle, backlog, (problem) => {
      if (problem === undefined) link.send({ type: 'listening' });
      else {
        log.error({ error: problem.message }, 'cannot listen on the lent port');
        process.exit(1);
      }
    });
  });

  await files.load();
  const problem = await mainPage.warmUp(log);
  await files.flush();
  settle();
  link.send({
    type: 'ready',
    publicPages: publicPagesOf(site, mainPage, routes),
    problem: problem?.slice(0, MAX_REASON) ?? null,
  });
}

/** What the lifeboat must know of the site. */
const publicPagesOf = (site: Site, mainPage: MainPage, routes: Routes): PublicPages => ({
  mainPage: mainPage.path,
  languages: [...(site.languages ?? [''])],
  routes: (routes.published ?? routes.all).map(({ policy, cacheable }) => ({
    route: policy.route,
    ...(policy.methods === undefined ? {} : { methods: [...policy.methods] }),
    query: [...(policy.cache?.query ?? [])],
    cacheable,
    ttlMs: policy.cache?.ttlMs ?? 0,
  })),
});

/** From the first visitor on it is looked each so many ms whether the threads may start. */
const WARM_LOOK_MS = 5_000;
/** Utilisation of the event loop over that time under which there is room beside it for the start of the threads. */
const WARM_ELU = 0.4;

/**
 * Threads cost memory, so at rest there are none; they take long to start on a busy machine, and who signs in is not to wait
 * for that. So they start when a visitor has come, who has to read a form before he sends it; not beside work for others (0.4 s of
 * CPU each; at 0.65 of the capacity of one core those in the first seconds waited three to six times as long for it, 1 to 5 % were refused).
 */
function warmedByVisitors(pool: SitePool): () => void {
  let done = false;
  const look = (before: EventLoopUtilization): void => {
    const now = performance.eventLoopUtilization();
    if (performance.eventLoopUtilization(now, before).utilization < WARM_ELU) pool.warm();
    else setTimeout(look, WARM_LOOK_MS, now).unref();
  };
  return () => {
    if (done) return;
    done = true;
    setTimeout(look, WARM_LOOK_MS, performance.eventLoopUtilization()).unref();
  };
}
