import type { Config } from '../../config.ts';
import type { SiteModule, SiteSettings } from '../site.ts';

/** The site cannot be started; the message is the line to show. */
export class SiteStartError extends Error {
  readonly code = 'SITE_START';
  override readonly name = 'SiteStartError';
}

/**
 * Imports a site module.
 * @throws {SiteStartError} it cannot be loaded, or does not export `createSite`
 */
export async function loadSite(url: URL): Promise<SiteModule> {
  let module: Partial<SiteModule>;
  try {
    module = (await import(url.href)) as Partial<SiteModule>;
  } catch (error) {
    throw new SiteStartError(
      `the site ${url.pathname} cannot be loaded: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      { cause: error },
    );
  }
  if (typeof module.createSite !== 'function') {
    throw new SiteStartError(
      `the site ${url.pathname} must export a function createSite(context); set TAHAN_SITE to a module that does`,
    );
  }
  return module as SiteModule;
}

export function siteSettings(config: Config, sessionSecret: string): SiteSettings {
  return {
    siteName: config.siteName,
    publicUrl: config.publicUrl || `http://localhost:${process.env.TAHAN_INTERNAL_PORT ?? config.port}`,
    dataDir: config.dataDir,
    sessionSecret,
    bodyLimit: config.bodyLimit,
    lab: config.lab,
    version: config.version,
  };
}
