/**
 * /tahan/sw.js: keeps the main page and the public pages that were seen last, and shows them with a banner while the server
 * cannot be reached. Pages that are not declared public are never kept. Served with `off` it removes all of it, and itself.
 */

/** What of a service worker is used here; the types of the DOM have pages only. */
interface Extendable extends Event {
  waitUntil: (work: Promise<unknown>) => void;
}
interface Fetching extends Extendable {
  request: Request;
  respondWith: (response: Promise<Response>) => void;
}
interface Scope {
  addEventListener: ((type: 'install' | 'activate', listener: (event: Extendable) => void) => void) &
    ((type: 'fetch', listener: (event: Fetching) => void) => void);
  skipWaiting: () => Promise<void>;
  clients: { claim: () => Promise<void> };
  registration: { unregister: () => Promise<boolean> };
}

(() => {
  /** Written by the server when it serves this file. */
  const STATE = '__TAHAN_OFFLINE__' as string;
  const VERSION = '__TAHAN_VERSION__';
  const MAIN_PAGE = '__TAHAN_MAIN_PAGE__';

  const PREFIX = 'tahan-';
  const PAGES = `${PREFIX}pages-${VERSION}`;
  const FILES = `${PREFIX}files-${VERSION}`;
  const MAX_PAGES = 30;
  const MAX_FILES = 60;
  const MAX_BYTES = 2_000_000;
  const STYLE = '/tahan/offline.css';
  /** A visitor with a copy waits for the server no longer than this, ms. */
  const PATIENCE_MS = 10_000;
  const STORED_AT = 'x-tahan-stored-at';

  const scope = self as unknown as Scope;

  const removeCaches = async (keep: readonly string[]): Promise<void> => {
    for (const name of await caches.keys())
      if (name.startsWith(PREFIX) && !keep.includes(name)) await caches.delete(name);
  };

  if (STATE !== 'on') {
    scope.addEventListener('install', (event) => event.waitUntil(scope.skipWaiting()));
    scope.addEventListener('activate', (event) =>
      event.waitUntil(removeCaches([]).then(() => scope.registration.unregister())),
    );
    return;
  }

  const isPublic = (response: Response): boolean => {
    const control = response.headers.get('cache-control') ?? '';
    return (
      response.status === 200 &&
      !response.redirected &&
      /\bpublic\b/.test(control) &&
      !/\b(?:private|no-store)\b/.test(control) &&
      Number(response.headers.get('content-length') ?? 0) <= MAX_BYTES
    );
  };
  const isPage = (response: Response): boolean => (response.headers.get('content-type') ?? '').startsWith('text/html');

  const keep = async (
    cacheName: string,
    most: number,
    request: Request | string,
    response: Response,
  ): Promise<void> => {
    const headers = new Headers(response.headers);
    const age = Number(headers.get('age') ?? 0) || 0;
    headers.set(STORED_AT, String(Date.now() - age * 1_000));
    const body = await response.arrayBuffer();
    if (body.byteLength > MAX_BYTES) return;
    const cache = await caches.open(cacheName);
    // As the last one: keys are in the order in which they were put.
    await cache.delete(request);
    await cache.put(request, new Response(body, { status: 200, headers }));
    const keys = await cache.keys();
    for (const key of keys.slice(0, Math.max(0, keys.length - most))) {
      if (new URL(key.url).pathname !== MAIN_PAGE) await cache.delete(key);
    }
  };

  const withBanner = async (copy: Response): Promise<Response> => {
    const at = new Date(Number(copy.headers.get(STORED_AT)));
    const today = at.toDateString() === new Date().toDateString();
    const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const when = today ? time : `${time} on ${at.toLocaleDateString()}`;
    const banner = `<link rel="stylesheet" href="${STYLE}"><p class="tahan-offline" role="status">This is how it looked at ${when}; the server cannot be reached.</p>`;
    const text = await copy.text();
    const html = /<body[^>]*>/i.test(text) ? text.replace(/<body[^>]*>/i, (tag) => tag + banner) : banner + text;
    const headers = new Headers(copy.headers);
    for (const name of ['content-length', 'content-encoding', 'etag']) headers.delete(name);
    return new Response(html, { status: 200, headers });
  };

  const nothing = (): Response =>
    new Response(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>The server cannot be reached</title></head><body><h1>The server cannot be reached</h1><p>This page was not seen before, so there is no copy of it. <a href="${MAIN_PAGE}">To the main page</a></p></body></html>`,
      { status: 503, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } },
    );

  const page = async (event: Fetching): Promise<Response> => {
    const { request } = event;
    const cache = await caches.open(PAGES);
    const copy = await cache.match(request.url);
    let answer: Response | undefined;
    try {
      answer = await (copy === undefined
        ? fetch(request)
        : Promise.race([
            fetch(request),
            new Promise<never>((_, reject) => setTimeout(() => reject(new Error('late')), PATIENCE_MS)),
          ]));
    } catch {
      answer = undefined; // unreachable: a copy, or what there is to say
    }
    // A gateway says that the server behind it is away. Tahan's own waiting page is a 503, and is shown as it is.
    if (answer !== undefined && answer.status !== 502 && answer.status !== 504) {
      if (isPublic(answer) && isPage(answer)) event.waitUntil(keep(PAGES, MAX_PAGES, request.url, answer.clone()));
      return answer;
    }
    return copy === undefined ? (answer ?? nothing()) : withBanner(copy);
  };

  const file = async (event: Fetching): Promise<Response> => {
    const { request } = event;
    const cache = await caches.open(FILES);
    const copy = await cache.match(request.url);
    if (copy !== undefined && /\bimmutable\b/.test(copy.headers.get('cache-control') ?? '')) return copy;
    try {
      const answer = await fetch(request);
      if (isPublic(answer) && !isPage(answer)) event.waitUntil(keep(FILES, MAX_FILES, request.url, answer.clone()));
      return answer;
    } catch (error) {
      if (copy !== undefined) return copy;
      throw error;
    }
  };

  scope.addEventListener('install', (event) =>
    event.waitUntil(
      (async () => {
        const main = await fetch(MAIN_PAGE, { credentials: 'omit' });
        if (isPublic(main) && isPage(main)) await keep(PAGES, MAX_PAGES, new URL(MAIN_PAGE, location.href).href, main);
        const style = await fetch(STYLE);
        if (style.ok) await keep(FILES, MAX_FILES, new URL(STYLE, location.href).href, style);
        await scope.skipWaiting();
      })(),
    ),
  );
  scope.addEventListener('activate', (event) =>
    event.waitUntil(removeCaches([PAGES, FILES]).then(() => scope.clients.claim())),
  );
  scope.addEventListener('fetch', (event) => {
    const { request } = event;
    if (request.method !== 'GET' || new URL(request.url).origin !== location.origin) return;
    if (request.mode === 'navigate') event.respondWith(page(event));
    else if (['style', 'script', 'image', 'font'].includes(request.destination)) event.respondWith(file(event));
  });
})();
