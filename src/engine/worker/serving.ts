import { negotiate } from '../answer/language.ts';
import type { RefusalWriter } from '../answer/refusal.ts';
import { cacheKey } from '../cache/key.ts';
import { keptHeaders, type Rendered } from '../cache/make-page.ts';
import type { Page } from '../cache/page.ts';
import { answerOf, type Serving, wantsCompressed } from '../cache/wire.ts';
import type { CacheUse, Recorder } from '../metrics/recorder.ts';
import type { Visitor } from './arrival.ts';

export interface ServingParts {
  recorder: Recorder;
  refuse: RefusalWriter;
  /** Headers that every answer carries, flat. */
  stamp: readonly string[];
  /** Adds the compressed codings to a page, behind the visitors' backs. */
  compress: (page: Page) => void;
}

/** Writes pages to visitors, and records each answer. */
export interface ServingDesk {
  page: (visitor: Visitor, page: Page, serving: Serving) => void;
  /** What the site answered, where it is not kept. */
  relay: (visitor: Visitor, rendered: Rendered) => void;
  /** The waiting page. */
  turnAway: (visitor: Visitor) => void;
}

export function createServing({ recorder, refuse, stamp, compress }: ServingParts): ServingDesk {
  const served = new WeakSet<Page>();

  const record = ({ request, response, route, arrivedAt }: Visitor, cache: CacheUse): void => {
    recorder.request(route.policy.route, request.method ?? 'GET', response.statusCode, cache, (performance.now() - arrivedAt) / 1_000);
  };

  return {
    page(visitor, page, serving) {
      const { request, response } = visitor;
      const acceptEncoding = request.headers['accept-encoding'] as string | undefined;
      // A page asked for once is not worth a thread's time; the second visitor has it compressed for the third.
      if (page.compressible && page.bodies.gzip === undefined && wantsCompressed(acceptEncoding)) {
        if (served.has(page)) compress(page);
        else served.add(page);
      }
      const { status, head, body } = answerOf(page, serving, { acceptEncoding, ifNoneMatch: request.headers['if-none-match'] }, Date.now(), stamp);
      response.writeHead(status, head);
      response.end(request.method === 'HEAD' ? undefined : body);
      record(visitor, serving);
    },
    relay(visitor, { status, headers, body }) {
      const { request, response } = visitor;
      response.writeHead(status, [...stamp, ...keptHeaders(headers).flat(), 'cache-status', 'tahan; fwd=miss', 'content-length', String(body.length)]);
      response.end(request.method === 'HEAD' ? undefined : body);
      record(visitor, 'miss');
    },
    turnAway(visitor) {
      refuse(visitor.request, visitor.response, Math.random());
      record(visitor, 'refused');
    },
  };
}

/** The cache key of what a visitor asks for; undefined: not a cacheable page. */
export function keyFor(hosts: ReadonlySet<string>, languages: readonly string[]): (visitor: Visitor) => string | undefined {
  const [standard = ''] = languages;
  return ({ request, route, path, query }) =>
    cacheKey({
      path,
      query,
      allowed: route.policy.cache?.query ?? [],
      host: request.headers.host,
      hosts,
      language: languages.length > 1 ? negotiate(request.headers['accept-language'], languages) : standard,
    });
}
