import Koa from 'koa';
import type { Site } from '../../../src/engine/site.ts';

/** A Koa app as a site, unchanged. */
export function createSite(): Site {
  const app = new Koa();
  app.use((context) => {
    if (context.path === '/') context.body = '<h1>Koa here</h1>';
  });
  return { handler: app.callback(), policies: [{ route: '/', cache: { ttlMs: 5_000 } }] };
}
