import { cacheKey } from '../../cache/key.ts';
import { keptHeaders, type Rendered } from '../../cache/make-page.ts';
import type { Page } from '../../cache/page.ts';
import { answerOf, type Serving, wantsCompressed } from '../../cache/wire.ts';
import type { CacheUse, Recorder } from '../../metrics/recorder.ts';
import type { Route } from '../../routes.ts';
import type { Visitor } from '../arrival.ts';
import { negotiate } from '../language.ts';
import type { RefusalWriter } from './refusal.ts';

export interface ServingParts {
  recorder: Recorder;
  refuse: RefusalWriter;
  /** Headers that every answer carries, flat. */
  stamp: readonly string[];
  /** Notes that a coding is wanted. */
  wish: (page: Page, acceptEncoding: string | undefined) => void;
}

/** Writes pages to visitors, and records each answer. */
export interface ServingDesk {
  page: (visitor: Visitor, page: Page, serving: Serving) => void;
  /** What the site answered, where it is not kept. */
  relay: (visitor: Visitor, rendered: Rendered) => void;
  /** The waiting page. */
  turnAway: (visitor: Visitor) => void;
}

/** A coding that is missing is made for a page that is asked for a second time: one that is asked for once is not worth it. */
export function createCompressWish(
  compress: (page: Page) => void,
): (page: Page, acceptEncoding: string | undefined) => void {
  const served = new WeakSet<Page>();
  return (page, acceptEncoding) => {
    if (!page.compressible || page.bodies.gzip !== undefined || !wantsCompressed(acceptEncoding)) return;
    if (served.has(page)) compress(page);
    else served.add(page);
  };
}

export function createServing({ recorder, refuse, stamp, wish }: ServingParts): ServingDesk {
  const record = ({ request, response, route, arrivedAt }: Visitor, cache: CacheUse): void => {
    recorder.request(
      route.policy.route,
      request.method ?? 'GET',
      response.statusCode,
      cache,
      (performance.now() - arrivedAt) / 1_000,
    );
  };

  return {
    page(visitor, page, serving) {
      const { request, response } = visitor;
      const acceptEncoding = request.headers['accept-encoding'] as string | undefined;
      wish(page, acceptEncoding);
      const { status, head, body } = answerOf(
        page,
        serving,
        { acceptEncoding, ifNoneMatch: request.headers['if-none-match'] },
        Date.now(),
        stamp,
      );
      response.writeHead(status, head);
      response.end(request.method === 'HEAD' ? undefined : body);
      record(visitor, serving);
    },
    relay(visitor, { status, headers, body }) {
      const { request, response } = visitor;
      response.writeHead(status, [
        ...stamp,
        ...keptHeaders(headers).flat(),
        'cache-status',
        'tahan; fwd=miss',
        'content-length',
        String(body.length),
      ]);
      response.end(request.method === 'HEAD' ? undefined : body);
      record(visitor, 'miss');
    },
    turnAway(visitor) {
      refuse(visitor.request, visitor.response, Math.random());
      record(visitor, 'refused');
    },
  };
}

/** What of a request decides which page it is. */
export interface KeyQuestion {
  route: Route;
  path: string;
  query: string;
  host: string | undefined;
  acceptLanguage: string | undefined;
}

/** The cache key of what is asked for; undefined: not a cacheable page. */
export function keyFor(
  hosts: ReadonlySet<string>,
  languages: readonly string[],
): (question: KeyQuestion) => string | undefined {
  const [standard = ''] = languages;
  return ({ route, path, query, host, acceptLanguage }) =>
    cacheKey({
      path,
      query,
      allowed: route.policy.cache?.query ?? [],
      host,
      hosts,
      language: languages.length > 1 ? negotiate(acceptLanguage, languages) : standard,
    });
}
