import type { Route } from '../routes.ts';
import type { Pages } from './pages.ts';

/** The renders of the main page after the first: the compiler has seen the site's code before a visitor comes. */
const REHEARSALS = 20;
/** They stop after this long, ms: a first visitor is not to wait for them. */
const REHEARSAL_MS = 150;

export interface WarmUpParts {
  keys: readonly string[];
  route: Route;
  mainPage: string;
  pages: Pick<Pages, 'renderNow' | 'rehearse'>;
  warn: (line: string) => void;
}

/**
 * Renders the main page in each language: the self-test of a worker, the lifeboat's copy, and practice for the code.
 * Gives what is wrong with the page, or null. The worker serves all the same, as its other pages may be well; a reload
 * does not take it.
 */
export async function warmUp({ keys, route, mainPage, pages, warn }: WarmUpParts): Promise<string | null> {
  for (const key of keys) {
    try {
      const { status, page } = await pages.renderNow(key, route);
      if (status >= 500) return `the main page ${mainPage} was answered with ${status}`;
      if (route.cacheable && page?.status !== 200)
        warn(`the main page ${mainPage} was not rendered as one to keep: the lifeboat has no copy of it`);
    } catch (error) {
      return `the main page ${mainPage} was not rendered: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  const [key] = keys;
  const since = performance.now();
  for (let n = 0; key !== undefined && route.cacheable && n < REHEARSALS; n += 1) {
    if (performance.now() - since > REHEARSAL_MS) break;
    await pages.rehearse(key, route).catch(() => {}); // it was rendered just now; what fails since then fails visibly, with visitors
  }
  return null;
}
