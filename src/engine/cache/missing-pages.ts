import { freshness } from './freshness.ts';
import { type Page, pageBytes } from './page.ts';

/** Answers that are kept, and what they may take, bytes; with more, the one kept first goes. */
export const MAX_MISSING = 1_000;
const MAX_BYTES = 4_194_304;

/**
 * The answers that there is no page (404, 410), each kept for a moment so that a crowd at an address that does not exist
 * yet costs one render. They stand apart from the pages: addresses that somebody makes up must not push out what people
 * read. Nobody can tell which purge such an answer depends on, so any purge ends all of them.
 */
export class MissingPages {
  private readonly byKey = new Map<string, Page>();
  private readonly lastPurge: () => number;
  private bytes = 0;

  /** `lastPurge`: when anything was last purged, epoch ms. */
  constructor(lastPurge: () => number) {
    this.lastPurge = lastPurge;
  }

  get size(): number {
    return this.byKey.size;
  }

  /** `now`: epoch ms. */
  find(key: string, now: number): Page | undefined {
    const page = this.byKey.get(key);
    if (page === undefined) return undefined;
    if (page.renderStartedAt > this.lastPurge() && freshness(page, now) === 'fresh') return page;
    this.drop(page);
    return undefined;
  }

  set(page: Page): void {
    const held = this.byKey.get(page.key);
    if (held !== undefined) this.drop(held);
    if (pageBytes(page) > MAX_BYTES) return;
    this.byKey.set(page.key, page);
    this.bytes += pageBytes(page);
    while (this.byKey.size > MAX_MISSING || this.bytes > MAX_BYTES) this.drop(this.byKey.values().next().value!);
  }

  private drop(page: Page): void {
    this.byKey.delete(page.key);
    this.bytes -= pageBytes(page);
  }
}
