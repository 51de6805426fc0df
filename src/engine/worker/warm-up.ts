import type { Route } from '../answer/routes.ts';
import type { Page } from '../cache/page.ts';

/** The renders of the main page after the first: the compiler has seen the site's code before a visitor comes. */
const REHEARSALS = 20;
/** They stop after this long, ms: a first visitor is not to wait for them. */
const REHEARSAL_MS = 150;

/** What the site gave for the main page. */
export interface FirstRender {
  status: number;
  /** Undefined: nothing that can be kept. */
  page: Page | undefined;
}

export interface WarmUpParts {
  keys: readonly string[];
  route: Route;
  mainPage: string;
  /** Renders, and keeps what can be kept. */
  renderNow: (key: string, route: Route) => Promise<FirstRender>;
  /** Renders, and keeps nothing. */
  rehearse: (key: string, route: Route) => Promise<unknown>;
  warn: (line: string) => void;
}

/**
 * Renders the main page in each language: the self-test of a worker, the lifeboat's copy, and practice for the code.
 * Gives what is wrong with the page, or null. The worker serves all the same, as its other pages may be well; a reload
 * does not take it.
 */
export async function warmUp({
  keys,
  route,
  mainPage,
  renderNow,
  rehearse,
  warn,
}: WarmUpParts): Promise<string | null> {
  for (const key of keys) {
    try {
      const { status, page } = await renderNow(key, route);
      if (status >= 500) return `the main page ${mainPage} was answered with ${status}`;
      if (route.cacheable && page === undefined)
        warn(`the main page ${mainPage} was not rendered as one to keep: the lifeboat has no copy of it`);
    } catch (error) {
      return `the main page ${mainPage} was not rendered: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  const [key] = keys;
  const since = performance.now();
  for (let n = 0; key !== undefined && route.cacheable && n < REHEARSALS; n += 1) {
    if (performance.now() - since > REHEARSAL_MS) break;
    await rehearse(key, route).catch(() => {}); // it was rendered just now; what fails since then fails visibly, with visitors
  }
  return null;
}
