import type { Config } from '../../config.ts';
import { createLog } from '../log.ts';
import { sessionSecret } from '../secret.ts';
import { loadSite, SiteStartError, siteSettings } from './load-site.ts';

/**
 * Runs the site's `prepareSite` in a process of its own, before any worker: the primary itself never runs site code.
 * @throws {SiteMistakesError} the module cannot be used
 * @throws {SiteStartError} the site says that it cannot start
 */
export async function prepare(config: Config, site: URL): Promise<void> {
  // A primary that is stopped meanwhile leaves nobody behind.
  process.once('disconnect', () => process.exit(1));
  const module = await loadSite(site);
  try {
    await module.prepareSite?.({
      settings: siteSettings(config, sessionSecret(config.dataDir, config.sessionSecret)),
      log: createLog(config.logLevel, 'prepare', config),
      say: (line) => process.stdout.write(`${line}\n`),
    });
  } catch (error) {
    throw new SiteStartError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  // Whatever the site's modules left open (a timer, a connection) must not hold up the start.
  process.exit(0);
}
