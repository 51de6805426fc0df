import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FeatureDownError, FeatureFullError, FeatureTimeoutError } from '../features/errors.ts';
import type { EngineFeature } from '../features/feature.ts';
import { requestInfoOf } from '../request-info.ts';
import type { Routes } from '../routes.ts';
import type { Site } from '../site.ts';
import { wantsJson } from './answer/accept.ts';
import { detach } from './answer/detach.ts';
import { page, style } from './answer/refusal.ts';

/** When to come again for a part of the site that is down, s: its breaker tries again within so long, as a rule. */
const RETRY_AFTER_S = 3;

/** The answer of a route was one of failure. 503 is the site's own "not now", for which its feature is not to blame. */
class RouteFailedError extends Error {
  readonly code = 'ROUTE_FAILED';
}

/** The site, with its routes in the care of the features that their policies name. */
export function guardedSite(
  site: Site,
  routes: Routes,
  featureOf: (name: string) => EngineFeature,
  siteName: string,
): Site {
  const names = (site.policies ?? []).flatMap(({ feature }) => feature ?? []);
  if (names.length === 0) return site;
  // They are in the health before anybody asks for them.
  for (const name of names) featureOf(name);
  const handler = guardedHandler(site, routes, featureOf, siteName);
  // Methods of an object of a class, too, are called on it.
  return new Proxy(site, { get: (target, name) => (name === 'handler' ? handler : Reflect.get(target, name)) });
}

function guardedHandler(
  site: Site,
  routes: Routes,
  featureOf: (name: string) => EngineFeature,
  siteName: string,
): Site['handler'] {
  const sayDown = createDownAnswer(siteName);
  return (request, response) => {
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    const name = routes.match(method, (request.url ?? '/').split('?', 1)[0]!).policy.feature;
    if (name === undefined) return site.handler(request, response);
    const feature = featureOf(name);
    const instead = (): void => {
      const { fallback } = feature.options;
      if (fallback === undefined) sayDown(request, response, name);
      else {
        response.setHeader('cache-control', 'no-store');
        fallback(request, response);
      }
    };
    let thrown: { error: unknown } | undefined;
    return feature
      .runWhole(() => {
        const ended = untilAnswered(request, response);
        const failed = Promise.resolve()
          .then(() => site.handler(request, response))
          .then(
            () => ended,
            (error: unknown) => {
              thrown = { error };
              throw error;
            },
          );
        return Promise.race([ended, failed]);
      })
      .catch((error: unknown) => {
        // What the site throws is the engine's to answer, as without a feature.
        if (thrown !== undefined) throw thrown.error;
        const takesOver =
          error instanceof FeatureDownError ||
          error instanceof FeatureFullError ||
          error instanceof FeatureTimeoutError;
        if (!takesOver || response.headersSent) return;
        for (const header of response.getHeaderNames()) response.removeHeader(header);
        instead();
        if (error instanceof FeatureTimeoutError) detach(response);
      });
  };
}

/** Resolves when the route has answered, rejects when it failed or was late; a visitor who left is no failure. */
function untilAnswered(request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const { signal } = requestInfoOf(request);
    signal.addEventListener(
      'abort',
      () => {
        if ((signal.reason as { code?: unknown }).code === 'CLIENT_GONE') resolve();
        else reject(signal.reason as Error);
      },
      { once: true },
    );
    response.once('close', () => {
      if (response.statusCode >= 500 && response.statusCode !== 503)
        reject(new RouteFailedError(`it answered with ${response.statusCode}`));
      else resolve();
    });
  });
}

function createDownAnswer(siteName: string) {
  const text =
    'This part of the site is taking a break. The rest works; please try again in a moment. Nothing of what you sent was taken.';
  const html = page(siteName, RETRY_AFTER_S, 'One moment, please', [text, '<a href="/">To the main page</a>']);
  const csp = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style(RETRY_AFTER_S)).digest('base64')}'`;
  return (request: IncomingMessage, response: ServerResponse, feature: string): void => {
    const json = wantsJson(request);
    const body = json
      ? `${JSON.stringify({ error: { status: 503, code: 'FEATURE_DOWN', message: text, feature, retryAfterSeconds: RETRY_AFTER_S } })}\n`
      : html;
    response.writeHead(503, {
      'content-type': json ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'retry-after': String(RETRY_AFTER_S),
      'cache-control': 'no-store',
      'content-security-policy': csp,
      'x-content-type-options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}
