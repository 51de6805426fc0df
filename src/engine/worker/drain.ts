import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import type { Records } from '../idempotency/records.ts';
import type { Link } from '../link.ts';
import type { PortServer } from '../request/connection/port-server.ts';
import type { Upgrades } from '../request/connection/upgrades.ts';
import type { Site } from '../site.ts';
import type { PageFiles } from './page-files.ts';
import type { SitePool } from './site-pool.ts';
import type { WorkerState } from './state.ts';

/** Time for the open requests of a worker whose code failed, ms. */
const CRASH_DRAIN_MS = 1_000;
/** Time for a site that ends the process itself, ms; the primary is no more patient than that. */
const OWN_END_MS = 5_000;

export interface DrainParts {
  link: Link;
  log: Logger;
  config: Pick<Config, 'drainMs' | 'drainIdleMs'>;
  site: Site;
  state: WorkerState;
  server: PortServer;
  /** Connections that speak another protocol by now; undefined: the site takes none. */
  upgrades: Upgrades | undefined;
  beat: { stop: () => void };
  files: PageFiles;
  records: Pick<Records, 'close'>;
  pool: SitePool;
  traffic: { flush: () => void };
  /** Keeps what the routes cost, for the next start. */
  keepCosts: () => Promise<void>;
}

/**
 * Ends this worker when the primary says so, or when its code failed: open requests are finished first. Gives what ends
 * it for the site's own reasons, in the same way.
 */
export function endWhenTold(parts: DrainParts): () => void {
  const { link, log, config, site, state, server, upgrades, beat, files, records, pool, traffic, keepCosts } = parts;
  const end = async (withinMs: number, idleMs: number, exitCode: number): Promise<void> => {
    if (state.draining) return;
    state.draining = true;
    upgrades?.end();
    await server.drain(withinMs, idleMs);
    beat.stop();
    traffic.flush();
    await keepCosts();
    await site.close?.();
    await files.close();
    await records.close();
    await pool.close();
    process.exitCode = exitCode;
    if (site.endsItself?.()) {
      process.channel?.unref();
      setTimeout(() => process.exit(), OWN_END_MS).unref();
      return;
    }
    process.disconnect?.();
    // Whatever the site left open must not keep a drained worker alive.
    setImmediate(() => process.exit(exitCode));
  };
  link.on('drain', ({ withinMs, idleMs }) => void end(withinMs, idleMs, 0));
  // A terminal's Ctrl-C and a process manager's group signal reach the workers too: the primary decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  let failed = false;
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      // Mostly the first one's consequences: a primary that is gone is met by every message on its way.
      log[failed ? 'debug' : 'fatal'](
        { error: error instanceof Error ? error.stack : String(error) },
        `${event}: this worker ends, another takes its place`,
      );
      failed = true;
      if (!state.draining) link.send({ type: 'left', withinMs: CRASH_DRAIN_MS });
      void end(CRASH_DRAIN_MS, 0, 1);
    });
  }
  return () => {
    if (state.draining) return;
    link.send({ type: 'left', withinMs: config.drainMs });
    void end(config.drainMs, Math.min(config.drainMs, config.drainIdleMs), 0);
  };
}
