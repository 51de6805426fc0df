import type { ServerResponse } from 'node:http';
import { declaresShared, type Headers } from '../cache/directives.ts';
import { ageMs, lifetimes } from '../cache/freshness.ts';
import { KeysForATime } from '../cache/keys-for-a-time.ts';
import { SecondHit } from '../cache/second-hit.ts';
import { sharing } from '../cache/sharing.ts';
import type { LearnedRoutes } from '../learned-routes.ts';
import type { Pages } from '../pages/pages.ts';
import type { EngineRequest } from './engine-request.ts';

/** The copy of a main page that is kept for times of need is made anew when it is older, ms. */
const MAIN_COPY_MS = 10_000;
/** A page that was asked for in the background, and turned out not to be one, is left alone for so long, ms. */
const TRIED_MS = 10_000;
const MAX_TRIED = 10_000;

/** Learns from the answers of a site that says nothing of itself: its routes, and which of its pages are for everybody. */
export class Learning {
  private readonly routes: LearnedRoutes;
  private readonly pages: Pages;
  private readonly maxBytes: number;
  private readonly tried = new KeysForATime(TRIED_MS, MAX_TRIED);
  private readonly secondHit = new SecondHit();

  /** `maxBytes`: of the largest page that is cached. */
  constructor(routes: LearnedRoutes, pages: Pages, maxBytes: number) {
    this.routes = routes;
    this.pages = pages;
    this.maxBytes = maxBytes;
  }

  /** The site has answered a visitor. `copyKey`: of the page at this address; undefined: none that visitors could share. */
  answered({ request, response, route, path }: EngineRequest, copyKey: string | undefined): void {
    if (response.statusCode >= 400) return;
    if (route === this.routes.unknown) this.routes.learn(path);
    if (copyKey === undefined || request.method !== 'GET' || response.statusCode !== 200 || this.tried.has(copyKey))
      return;
    const cache = route.policy.cache;
    if (cache?.declared === undefined) return;
    const copy = this.pages.copyInMemory(copyKey);
    if (cache.declared === 'kept' && (copy === undefined || ageMs(copy, Date.now()) > MAIN_COPY_MS)) {
      this.pages.refresh(copyKey, route, copy === undefined ? 'main' : 'refresh', 'background');
      return;
    }
    const headers = headersSent(response);
    if (!declaresShared(headers) || sharing(200, headers) !== 'store') return;
    if (lifetimes(cache, headers, 0, 0.5, Date.now()).ttlMs === 0) return;
    if (!this.secondHit.admits(copyKey)) return;
    this.tried.add(copyKey);
    // Rendered from the key alone: what this visitor sent may be in this answer.
    if (Number(headers['content-length'] ?? 0) <= this.maxBytes) this.pages.refresh(copyKey, route, 'early', 'normal');
  }
}

/** The head as it went out: node:http forgets what is given to `writeHead` only. */
function headersSent(response: ServerResponse): Headers {
  const { _header: head } = response as ServerResponse & { _header: string | null };
  const headers: Headers = {};
  for (const line of (head ?? '').split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${String(headers[name])}, ${value}`;
  }
  return headers;
}
