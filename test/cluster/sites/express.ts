import express from 'express';
import type { Site } from '../../../src/engine/site.ts';

/** An Express app as a site, unchanged. */
export function createSite(): Site {
  const app = express();
  app.get('/', (_request, response) => {
    response.send('<h1>Express here</h1>');
  });
  app.post('/echo', express.json(), (request, response) => {
    response.json({ got: request.body });
  });
  return { handler: app, policies: [{ route: '/', cache: { ttlMs: 5_000 } }] };
}
