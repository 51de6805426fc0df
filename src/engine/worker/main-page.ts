import type { Logger } from 'pino';
import type { Pages } from '../pages/pages.ts';
import { warmUp } from '../pages/warm-up.ts';
import { mainPageKeys } from '../request/page-key.ts';
import type { Route, Routes } from '../routes.ts';
import type { Site } from '../site.ts';

/** How long after a purge the main page is rendered anew, ms: a render in the millisecond of the purge would count as older. */
const AFTER_PURGE_MS = 2;

/** The page that must always answer: rendered ahead of time, and anew after each purge of it. */
export class MainPage {
  readonly path: string;
  private readonly keys: readonly string[];
  private readonly route: Route;
  private readonly pages: Pages;

  constructor(site: Site, routes: Routes, pages: Pages, hosts: readonly string[]) {
    this.path = site.mainPage ?? '/';
    this.keys = mainPageKeys(this.path, site.languages ?? [''], hosts);
    this.route = routes.match('GET', this.path);
    this.pages = pages;
  }

  /** Published or not: the main page is rendered anew at once, so that a copy of it is always at hand. */
  afterPurge(): void {
    if (!this.route.cacheable) return;
    setTimeout(() => {
      for (const key of this.keys) this.pages.renew(key, this.route, 'normal');
    }, AFTER_PURGE_MS);
  }

  /** Renders it for the first time; gives what is wrong with it, or null. */
  async warmUp(log: Logger): Promise<string | null> {
    const { keys, route, path, pages } = this;
    const problem = await warmUp({ keys, route, mainPage: path, pages, warn: (line) => log.warn(line) });
    if (problem !== null) log.warn(problem);
    return problem;
  }
}
