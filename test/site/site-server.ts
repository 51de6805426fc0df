import { createServer, type Server } from 'node:http';
import type { Site, SiteSettings } from '../../src/engine/site.ts';
import { createSite } from '../../src/site/app.ts';
import { type FakeContext, fakeContext } from './fake-context.ts';

export interface SiteServer {
  context: FakeContext;
  site: Site;
  server: Server;
  stop: () => Promise<void>;
}

/** The built-in site on an HTTP server of its own, on an empty database; supertest listens on a free port. */
export async function siteServer(settings: Partial<SiteSettings> = {}): Promise<SiteServer> {
  const context = fakeContext(settings);
  const site = await createSite(context);
  const server = createServer(site.handler);
  return {
    context,
    site,
    server,
    async stop() {
      await site.close?.();
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
      context.remove();
    },
  };
}
