import type { Config } from '../../config.ts';
import type { SiteModule, SiteSettings } from '../site.ts';

/** The site cannot be started; the message is the line to show. */
export class SiteStartError extends Error {
  readonly code = 'SITE_START';
  override readonly name = 'SiteStartError';
}

/** How a module is loaded that is no site by itself. */
export interface OtherDoors {
  siteModuleOf: (module: Record<string, unknown>) => Promise<SiteModule>;
}

/**
 * Imports a site module. `otherDoors`: for a module that exports no `createSite`.
 * @throws {SiteStartError} it cannot be loaded, or does not export `createSite` and there is no other door
 */
export async function loadSite(
  url: URL,
  otherDoors?: OtherDoors,
  load: () => Promise<unknown> = () => import(url.href),
): Promise<SiteModule> {
  let module: Partial<SiteModule>;
  try {
    module = (await load()) as Partial<SiteModule>;
  } catch (error) {
    throw new SiteStartError(
      `the site ${url.pathname} cannot be loaded: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      { cause: error },
    );
  }
  if (typeof module.createSite !== 'function') {
    if (otherDoors !== undefined) return otherDoors.siteModuleOf(module);
    throw new SiteStartError(
      `the site ${url.pathname} must export a function createSite(context); set TAHAN_SITE to a module that does, or start any other Node app with the command tahan`,
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
