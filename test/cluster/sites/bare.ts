import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Site, SiteContext } from '../../../src/engine/site.ts';

/** A bare node:http listener as a site, with routes that tests need. */
export function createSite(context: SiteContext): Site {
  let renders = 0;
  let failing = false;
  context.onBroadcast('failing', (body) => {
    failing = body === true;
  });
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  const handler = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://site');
    const send = (status: number, body: string, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers });
      response.end(body);
    };
    switch (url.pathname.split('/')[1]) {
      case '':
      case 'page':
        renders += 1;
        await sleep(Number(url.searchParams.get('wait') ?? 0));
        if (failing) return send(500, 'broken');
        return send(
          200,
          `<html><body><h1>${url.pathname}</h1><p>${context.processName} render ${renders}</p>${'lorem '.repeat(200)}</body></html>`,
          { 'cache-tag': `page${url.pathname}` },
        );
      case 'private':
        return send(200, `for ${request.headers.cookie ?? 'nobody'}`, { 'set-cookie': 'a=1' });
      case 'who':
        return send(200, context.processName);
      case 'slow':
        await sleep(Number(url.searchParams.get('ms') ?? 100));
        return send(200, 'slow');
      case 'signal': {
        const { signal } = context.request(request);
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        context.broadcast('aborted', String(signal.reason));
        return send(200, 'too late');
      }
      case 'block': {
        const until = Date.now() + Number(url.searchParams.get('ms') ?? 1_000);
        while (Date.now() < until);
        return send(200, 'blocked');
      }
      case 'purge':
        await context.purge([url.searchParams.get('tag') ?? ''], { hard: url.searchParams.has('hard') });
        return send(200, 'purged');
      case 'fail':
        context.broadcast('failing', url.searchParams.get('on') === '1');
        return send(200, 'ok');
      case 'crash':
        for (const ms of [10, 11])
          setTimeout(() => {
            throw new Error('crash on purpose');
          }, ms);
        return send(200, 'bye');
      case 'throw':
        throw new Error('thrown on purpose');
      case 'limit': {
        const { allowed } = await context.limiter('test', { points: 5, seconds: 60 }).take('key');
        return send(allowed ? 200 : 429, context.processName);
      }
      case 'echo': {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        return send(200, body);
      }
      default:
        return send(404, 'not here');
    }
  };

  return {
    handler: (request, response) => handler(request, response).catch(() => response.destroy()),
    policies: [
      { route: '/', cache: { ttlMs: 1_000, swrMs: 1_000 } },
      { route: '/page/:n', cache: { ttlMs: 60_000, query: ['wait', 'a'] } },
      { route: '/who', methods: ['GET'] },
      { route: '/private', cache: { ttlMs: 60_000 } },
      { route: '/slow', priority: 'low', deadlineMs: 1_500 },
      { route: '/signal', deadlineMs: 300 },
      { route: '/block', priority: 'critical', deadlineMs: 0 },
    ],
    isMember: (request) => request.headers.cookie?.includes('member=1') ?? false,
  };
}
