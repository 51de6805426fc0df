import type { Config } from '../../config.ts';
import { SiteMistakesError } from '../mistakes.ts';
import type { SiteModule, SiteSettings } from '../site.ts';
import { checkModule } from '../site-check.ts';
import { withoutPorts } from './no-ports.ts';

/** The site cannot be started; the message is the line to show. */
export class SiteStartError extends Error {
  readonly code = 'SITE_START';
  override readonly name = 'SiteStartError';
}

/**
 * Imports a site module.
 * @throws {SiteStartError} it cannot be loaded
 * @throws {SiteMistakesError} what it exports cannot be used, or it opens a port
 */
export async function loadSite(url: URL): Promise<SiteModule> {
  let module: object;
  try {
    module = await withoutPorts(() => import(url.href) as Promise<object>);
  } catch (error) {
    if (error instanceof SiteMistakesError) throw error;
    throw new SiteStartError(
      `the site ${url.pathname} cannot be loaded: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      { cause: error },
    );
  }
  return checkModule(module);
}

export function siteSettings(config: Config, sessionSecret: string): SiteSettings {
  return {
    siteName: config.siteName,
    publicUrl: config.publicUrl || `http://localhost:${process.env.TAHAN_INTERNAL_PORT ?? config.port}`,
    dataDir: config.dataDir,
    sessionSecret,
    bodyLimit: config.bodyLimit,
    lab: config.lab,
    sample: config.sample,
    version: config.version,
  };
}
