import { freshness } from '../cache/freshness.ts';
import type { Page } from '../cache/page.ts';
import { pageDependsOn } from '../cache/sharing.ts';
import type { PageQuestion } from '../pages/page-visitor.ts';
import type { Route, Routes } from '../routes.ts';
import type { Priority } from '../site.ts';
import type { Asked } from './asked.ts';
import { BROWSER_PATHS, type BrowserPath } from './browser-files.ts';
import type { KeyOf } from './page-key.ts';

/** The paths that the engine answers itself, whatever policy would match them. */
export type EnginePath = '/health' | '/health/live' | '/health/ready' | '/metrics' | '/status' | BrowserPath;

/** Who answers a request, and with what. */
export type Decision =
  /** The engine itself. */
  | { kind: 'engine'; path: EnginePath }
  /** A public page: a copy of the cache, or one render for all who ask for it. */
  | PageDecision
  /** The site, for this visitor only. */
  | DirectDecision
  /** Nobody: the request is refused before anything of its body is read. */
  | { kind: 'refuse'; status: 413; why: 'BODY_TOO_LARGE'; limit: number };

export interface PageDecision extends PageQuestion {
  kind: 'page';
  /** Path without the query, as matched. */
  path: string;
  /** Query without `?`; empty for none. */
  query: string;
}

export interface DirectDecision {
  kind: 'direct';
  route: Route;
  path: string;
  query: string;
  /** The key of the public page at this address, whose anonymous copy will do where there is no room; undefined for none. */
  copyKey: string | undefined;
}

/** What was decided of a request for the site when it could not be answered from bytes; so it is not decided twice. */
export interface Decided {
  decision: DirectDecision;
  member: boolean;
  priority: Priority;
}

/** What a process knows when it decides. */
export interface Known {
  routes: Routes;
  keyOf: KeyOf;
  /** The view of the cache: the copy of a key that may be looked at, whatever its age. */
  copyOf: (key: string) => Page | undefined;
  /** Largest request body where the route does not say, bytes. */
  bodyLimit: number;
  /** `/status` is the engine's, and not the site's. */
  statusPage: boolean;
}

/**
 * What a request is, and who answers it. This is decided here only: the bytes path, the node:http path and the lifeboat
 * carry it out. `now`: epoch ms.
 */
export function decide(asked: Asked, member: boolean, known: Known, now: number): Decision {
  const { method, target } = asked;
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  if (isEnginePath(path, known.statusPage)) return { kind: 'engine', path };
  const query = mark === -1 ? '' : target.slice(mark + 1);
  // A HEAD is a GET whose answer has no body (RFC 9110 section 9.3.2).
  const reading = method === 'GET' || method === 'HEAD';
  const route = known.routes.match(reading ? 'GET' : method, path);
  const limit = route.policy.bodyLimit ?? known.bodyLimit;
  if (asked.announcedBytes > limit) return { kind: 'refuse', status: 413, why: 'BODY_TOO_LARGE', limit };
  const key = reading && route.cacheable ? known.keyOf(asked, route, path, query) : undefined;
  if (key === undefined || member || asked.authorized) return { kind: 'direct', route, path, query, copyKey: key };
  const copy = known.copyOf(key);
  // The page is another one for who sends such a header: no copy will do, in no need.
  if (copy !== undefined && asked.sendsOneOf(pageDependsOn(copy)))
    return { kind: 'direct', route, path, query, copyKey: undefined };
  const state = copy === undefined ? 'dead' : freshness(copy, now);
  // Until a copy says that it is for everybody, it is for times of need only, and the request goes to the site as it came.
  if (route.policy.cache?.declared !== undefined && (state === 'dead' || copy!.ttlMs === 0))
    return { kind: 'direct', route, path, query, copyKey: key };
  return { kind: 'page', route, path, query, key, copy: state === 'dead' ? undefined : copy, freshness: state };
}

function isEnginePath(path: string, statusPage: boolean): path is EnginePath {
  switch (path.charCodeAt(1)) {
    case 104 /* h */:
      return path === '/health' || path === '/health/live' || path === '/health/ready';
    case 109 /* m */:
      return path === '/metrics';
    case 115 /* s */:
      return statusPage && path === '/status';
    case 116 /* t */:
      return BROWSER_PATHS.includes(path as BrowserPath);
    default:
      return false;
  }
}
