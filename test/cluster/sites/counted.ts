import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Site, SiteContext } from '../../../src/engine/site.ts';

/** A site that notes each POST that it runs in a file, and holds its worker up when asked to. */
export function createSite({ settings, processName, purge }: SiteContext): Site {
  let renders = 0;
  return {
    async handler(request, response) {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://site');
      const send = (body: string): void => {
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end(body);
      };
      switch (pathname.split('/')[1]) {
        case '':
        case 'page':
          renders += 1;
          response.setHeader('cache-tag', `page${pathname}`);
          return send(`<h1>${pathname} of ${request.headers.host}</h1><p>${processName} render ${renders}</p>`);
        case 'run': {
          let id = '';
          for await (const chunk of request) id += String(chunk);
          appendFileSync(join(settings.dataDir, 'runs.log'), `${id}\n`);
          return send('ran');
        }
        case 'block': {
          const until = performance.now() + Number(searchParams.get('ms'));
          while (performance.now() < until);
          return send('blocked');
        }
        case 'purge':
          await purge([searchParams.get('tag') ?? '']);
          return send('purged');
        default:
          return send(processName);
      }
    },
    policies: [
      { route: '/', cache: { ttlMs: 60_000 } },
      { route: '/page/:n', cache: { ttlMs: 60_000 } },
      { route: '/block', priority: 'critical', deadlineMs: 0 },
    ],
  };
}
