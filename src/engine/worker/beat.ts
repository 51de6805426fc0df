import { type BeatDetails, type Beating, startBeating, WORKER_RHYTHMS } from '../beating.ts';
import type { SiteParts } from '../features/site-parts.ts';
import type { Link } from '../link.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { PortServer } from '../request/connection/port-server.ts';
import { guarded } from '../request/guarded.ts';
import type { RequestPath } from '../request/request-path.ts';
import type { Site } from '../site.ts';
import type { PageFiles } from './page-files.ts';
import type { SitePool } from './site-pool.ts';
import type { WorkerState } from './state.ts';

export interface BeatParts {
  link: Link;
  recorder: Recorder;
  site: Site;
  state: WorkerState;
  path: RequestPath;
  server: PortServer;
  pool: SitePool;
  files: PageFiles;
  parts: Pick<SiteParts, 'health'>;
  onSiteError: (error: unknown) => void;
}

/** Tells the primary how this worker is, from now on. */
export function startWorkerBeat(parts: BeatParts): Beating {
  const { link, recorder, site, state, path, server, pool, onSiteError } = parts;
  const { dispatcher } = path;
  const { memory } = parts.files;
  const featuresOf = guarded(site.health?.bind(site), {}, onSiteError);
  const waitedMsOf = guarded(site.waitedMs?.bind(site), 0, onSiteError);
  let evictionsCounted = 0;
  return startBeating(link, recorder, WORKER_RHYTHMS, (): BeatDetails => {
    const oldest = dispatcher.queue.oldestQueuedAt();
    recorder.count('tahan_cache_evictions_total', [], memory.evictions - evictionsCounted);
    evictionsCounted = memory.evictions;
    const threads = pool.threads?.stats();
    return {
      inFlight: dispatcher.inFlight,
      workUnitMs: dispatcher.workUnitMs,
      queued: dispatcher.queue.length,
      queueDelayMs: oldest === undefined ? 0 : Math.max(0, performance.now() - oldest),
      loadRatio: {
        loop: dispatcher.gate.loadRatio,
        pool: pool.threads?.loadRatio ?? 0,
        elsewhere: dispatcher.placesRatio,
      },
      completed: dispatcher.completed,
      refused: dispatcher.refused,
      arrived: recorder.requests,
      connections: server.connections,
      poolQueued: threads?.queued ?? 0,
      poolRunning: threads?.running ?? 0,
      sqliteWaitMs: waitedMsOf(),
      cachePages: memory.pages,
      cacheBytes: memory.bytes,
      saturated: state.takeRefused(),
      listening: server.listening,
      features: { ...parts.parts.health(), ...featuresOf() },
    };
  });
}
