import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { FeatureState, SiteTools } from './features/types.ts';

/** How much a request matters when not all can be served; the gate refuses from the end of this list first. */
export const PRIORITIES = ['critical', 'normal', 'low', 'background'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** When a public page may be served again without asking the site. RFC 9111, RFC 5861. */
export interface CachePolicy {
  /** Fresh for this long. */
  ttlMs: number;
  /** After that, still served while it is rendered anew (stale-while-revalidate). */
  swrMs?: number;
  /** After `ttlMs`, still served when the site is saturated or fails (stale-if-error). Default: TAHAN_SIE_MS. */
  sieMs?: number;
  /**
   * Query parameters that make another page; all others are ignored and not passed on. `['*']`: all but those by which
   * campaigns are counted (`utm_source`, `fbclid`, ...).
   */
  query?: readonly string[];
  /** Tags of every page of this route; a page adds its own with the response header `Cache-Tag: a, b`. */
  tags?: readonly string[];
  /**
   * Only what an answer itself declares to be for everybody is a page: `Cache-Control` with `public` or `s-maxage`, and
   * a lifetime. Until a copy says so, each request goes to the site as it came. `kept`: what declares nothing, and
   * forbids nothing, is kept as last good for times of need.
   */
  declared?: 'only' | 'kept';
}

/** What the engine must know of a route before the site sees a request of it. The first match wins. */
export interface RoutePolicy {
  /**
   * Template in the syntax of path-to-regexp 8, which @koa/router and Express 5 have too: `/posts/:slug`; `:name` is one
   * segment or a part of it, a last `*` is the rest of the path. Matches in any case, with a last slash or without one,
   * and percent-encoded or not. Shown in metrics.
   */
  route: string;
  /** Default: every method. */
  methods?: readonly string[];
  /**
   * Default: writes critical, members' requests normal, self-declared bots background, the rest low.
   * A function must be cheap and look at the headers host, user-agent, cookie and accept alone: a plain GET is judged
   * before its other headers are read. When it throws, the request is a low one.
   */
  priority?: Priority | ((request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>) => Priority);
  /**
   * Present: pages answered with 200 to anonymous GETs are cached; a 404 or 410 is for a second, or until any purge. A write
   * to the same path that succeeds makes the page stale.
   */
  cache?: CachePolicy;
  /**
   * The waiting room in which people wait for this route when there is no room: its name (a-z, 0-9, dashes). Default:
   * `site`, the one for all routes without one. false: nobody waits for it in a line.
   */
  room?: string | false;
  /** Default: TAHAN_DEADLINE_MS. 0: none (a download that streams). */
  deadlineMs?: number;
  /**
   * Name of the feature (`context.feature`) that this route is: its answers of 500 and above but 503, and those that are
   * late, open the feature's breaker, and while that is open the route gets its last good page, the feature's fallback, or
   * a 503 at once.
   */
  feature?: string;
  /** Largest request body, bytes; a larger one is a 413. Default: TAHAN_BODY_LIMIT. */
  bodyLimit?: number;
  /**
   * `buffer` (default): the engine reads the whole body before the request may ask for a place, so a slow client holds
   * none. `stream`: the site reads the body itself, as it comes (a large upload).
   */
  body?: 'buffer' | 'stream';
}

/**
 * What a team puts in the place of the built-in site: a module with `createSite`.
 * Any Node request listener will do: `http`, Express, `app.callback()` of Koa.
 *
 * A cacheable page is rendered from its cache key alone: the listener gets a GET with the routed path, the
 * allow-listed query, the host and the language, and none of the visitor's own headers or cookies. The client address of
 * a render is 192.0.2.1 (TEST-NET-1, RFC 5737), never that of a visitor and never loopback.
 */
export interface Site {
  handler: (request: IncomingMessage, response: ServerResponse) => unknown;
  policies?: readonly RoutePolicy[];
  /** The page that must always answer; rendered ahead of time for the lifeboat. Default `/`. */
  mainPage?: string;
  /**
   * A module whose exported functions `(input, { signal }) => output` run in the thread pool by name. A site whose
   * `createSite` waits for a task exports `tasks` from its module instead (`SiteModule`).
   */
  tasks?: URL;
  /**
   * A client wants another protocol on its connection (WebSocket). Gets what node:http gives its `upgrade` listeners;
   * false: nobody took it, and the connection is closed.
   */
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** The site says nothing of itself: routes for metrics and admission, and its public pages, are learned from its answers. */
  learns?: boolean;
  /** Host header of a render whose key names no host. Default `localhost`. */
  host?: string;
  /**
   * Whether the request carries a genuine session, by its cookie alone; cheap and synchronous (check a signature, no
   * database). Default: never. When it throws, the visitor counts as anonymous.
   */
  isMember?: (request: Pick<IncomingMessage, 'headers'>) => boolean;
  /**
   * Names of the cookies that tell visitors apart (a session's): who sends another value of them gets no answer that was
   * kept for an idempotency key. Default: all cookies but those by which visits are counted (`_ga`, `_pk_id`, ...).
   */
  sessionCookies?: readonly string[];
  /** State of each feature, by name. */
  health?: () => Record<string, FeatureState>;
  /** Time spent waiting for database locks since the start, ms; the scaler refuses to add workers that would wait too. */
  waitedMs?: () => number;
  /** Languages of the pages, the first is the default; a cache key holds the one negotiated. Default: one. */
  languages?: readonly string[];
  /** Called when the worker ends, after the last request. */
  close?: () => void | Promise<void>;
  /** Asked after `close`: the site ends the process by itself, or leaves nothing open that would hold it. */
  endsItself?: () => boolean;
}

/** What a site module exports. */
export interface SiteModule {
  createSite: (context: SiteContext) => Site | Promise<Site>;
  /** Runs once per start in a process of its own, before any worker: migrations, sample content. Throw to stop the start. */
  prepareSite?: (context: PrepareContext) => void | Promise<void>;
  /** The task module, as in `Site.tasks`; known here, tasks run while `createSite` works. */
  tasks?: URL;
}

export interface SiteSettings {
  siteName: string;
  /** Origin for absolute links, such as `https://example.org`. */
  publicUrl: string;
  /** Absolute path of the data folder; it exists. */
  dataDir: string;
  sessionSecret: string;
  /** Largest request body, bytes. */
  bodyLimit: number;
  /** The /lab routes are wanted. */
  lab: boolean;
  /** Sample content is wanted in a new site. */
  sample: boolean;
  version: string;
}

export interface PrepareContext {
  settings: SiteSettings;
  log: Logger;
  /** Prints a line for the person who starts the server. */
  say: (line: string) => void;
}

/** With `feature`, `fragment` and `fetch`, by which a site degrades part by part: docs/degradation.md. */
export interface SiteContext extends SiteTools {
  settings: SiteSettings;
  log: Logger;
  /** `worker-1`, `worker-2`, ... */
  processName: string;
  /** Heavy work, off the event loop. */
  pool: TaskPool;
  /**
   * Purges every cached page that carries one of the tags, on every worker; resolves when all have, at most 1.5 s later.
   * Soft (default): never fresh again, but kept as last good for times of need. Hard (what was taken back): gone.
   */
  purge: (tags: readonly string[], options?: { hard?: boolean }) => Promise<void>;
  /**
   * Tells the operator's report of traffic that a search found nothing. Pages of the cache tell it once for each render. Give the
   * words only, and nothing of the visitor.
   */
  searchedInVain: (words: string) => void;
  /** A limiter that counts for the whole server. */
  limiter: (name: string, limit: { points: number; seconds: number }) => Limiter;
  /** What the engine knows of a request that it passed to the site. */
  request: (request: IncomingMessage) => RequestInfo;
  /** A message to this site on every worker, this one included (lab faults, settings of the site). JSON, at most 16 KiB. */
  broadcast: (topic: string, body: unknown) => void;
  onBroadcast: (topic: string, listener: (body: unknown) => void) => void;
}

export interface RequestInfo {
  /** Aborts at the deadline, or when the visitor has gone. Pass it to the pool, to fetch, to long loops. */
  signal: AbortSignal;
  /** Time left, ms; Infinity without a deadline. */
  remainingMs: () => number;
  priority: Priority;
  /** The visitor's address: the socket's, or the nearest untrusted one of X-Forwarded-For behind a trusted proxy. */
  clientAddress: string;
  /** The visitor came over TLS (a trusted proxy says so). */
  secure: boolean;
  /**
   * Of a request with an idempotency key: the same text for each try of it, and another for any other request or visitor.
   * Stored in the transaction of the site's own write, it makes the write happen once though a process is killed between
   * the write and its answer.
   */
  idempotencyKey?: string | undefined;
}

export interface TaskPool {
  /**
   * Runs a function of the site's task module in a thread.
   * @throws {PoolFullError} no room in the queue
   * @throws {TaskDeadlineError} not done within `deadlineMs` (default TAHAN_POOL_DEADLINE_MS) or `signal` aborted
   * @throws {TaskError} the task threw or its thread died
   */
  run: <Output>(
    task: string,
    input: unknown,
    options?: { signal?: AbortSignal; deadlineMs?: number },
  ) => Promise<Output>;
}

export interface Limiter {
  /** Takes one point of the key. `allowed: false`: wait `retryAfterMs`. Never throws; when the primary is away, counts locally. */
  take: (key: string) => Promise<{ allowed: boolean; retryAfterMs: number }>;
  /** Gives one point back: what it was taken for was not done. */
  giveBack: (key: string) => Promise<void>;
  /** Gives the key all its points back (after a good sign-in). */
  reset: (key: string) => Promise<void>;
}

/** Function in a task module. */
export type Task<Input = never, Output = unknown> = (
  input: Input,
  control: { signal: AbortSignal },
) => Output | Promise<Output>;
