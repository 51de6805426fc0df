import type { Site } from '../../../src/engine/site.ts';

/** A site whose every page takes some 10 ms of the event loop. */
export function createSite(): Site {
  const work = (): number => {
    const until = performance.now() + 10;
    let sum = 0;
    while (performance.now() < until) sum += Math.sqrt(sum + 1);
    return sum;
  };
  return {
    handler(request, response) {
      work();
      response.setHeader('content-type', 'text/html');
      response.end(`<html><body>${request.url}</body></html>`);
    },
    policies: [
      { route: '/low', priority: 'low' },
      { route: '/critical', priority: 'critical' },
      { route: '/page', cache: { ttlMs: 500 } },
    ],
  };
}
