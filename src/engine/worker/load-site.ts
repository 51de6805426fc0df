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

/** How a module is loaded that is no site by itself. */
export interface OtherDoors {
  siteModuleOf: (module: Record<string, unknown>) => Promise<SiteModule>;
}

/**
 * Imports a site module. `otherDoors`: for an app that is no site by itself, which may open ports.
 * @throws {SiteStartError} it cannot be loaded
 * @throws {SiteMistakesError} what it exports cannot be used, or it opens a port
 */
export async function loadSite(
  url: URL,
  otherDoors?: OtherDoors,
  load: () => Promise<unknown> = () => import(url.href),
): Promise<SiteModule> {
  let module: object;
  try {
    module = (await (otherDoors === undefined ? withoutPorts(load) : load())) as object;
  } catch (error) {
    if (error instanceof SiteMistakesError) throw error;
    throw new SiteStartError(
      `the site ${url.pathname} cannot be loaded: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      { cause: error },
    );
  }
  if (otherDoors !== undefined && !('createSite' in module))
    return otherDoors.siteModuleOf(module as Record<string, unknown>);
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
