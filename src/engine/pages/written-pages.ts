import { pathTag } from '../cache/make-page.ts';
import type { Routes } from '../routes.ts';

export interface WrittenPagesParts {
  routes: Routes;
  /** Makes the pages with these tags stale in this process, at once. */
  memory: (tags: readonly string[]) => void;
  /** Makes them stale in the store and every process; resolves when all have. */
  purge: (tags: readonly string[]) => Promise<void>;
}

/** An answer of the site to a request that is not a GET. */
export interface WriteAnswer {
  method: string;
  /** Path without the query, as sent. */
  path: string;
  host: string | undefined;
  status: number;
  location: string | undefined;
  contentLocation: string | undefined;
}

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const CREATED = 201;
/** Paths that wait for a purge of all processes; what comes beyond is stale in this process only. */
export const MAX_WAITING = 1_000;

/**
 * Pages that a write has changed are not given as fresh any more: after a success of an unsafe method the page at the same
 * address is stale, whatever its query, language and host, and so is what Content-Location names, or Location with a 201
 * (RFC 9111 section 4.4). The Location of a redirect says where to go on, not what was changed: each sign-in would make
 * the main page stale. What comes while a purge is under way is purged by the next one, all at once.
 */
export class WrittenPages {
  private readonly parts: WrittenPagesParts;
  private waiting = new Set<string>();
  private purging = false;

  constructor(parts: WrittenPagesParts) {
    this.parts = parts;
  }

  /** Takes note of an answer whose head is out. */
  note(answer: WriteAnswer): void {
    const { method, path, status, location, contentLocation } = answer;
    if (SAFE.has(method) || status < 200 || status >= 400) return;
    const paths = [path];
    for (const other of [contentLocation, status === CREATED ? location : undefined]) {
      const found = other === undefined ? undefined : samePlace(other, answer);
      if (found !== undefined) paths.push(found);
    }
    const tags = paths.filter((one) => this.parts.routes.match('GET', one).cacheable).map(pathTag);
    if (tags.length === 0) return;
    this.parts.memory(tags);
    for (const tag of tags) if (this.waiting.size < MAX_WAITING) this.waiting.add(tag);
    if (!this.purging) void this.purgeWaiting();
  }

  private async purgeWaiting(): Promise<void> {
    this.purging = true;
    while (this.waiting.size > 0) {
      const tags = [...this.waiting];
      this.waiting = new Set();
      await this.parts.purge(tags);
    }
    this.purging = false;
  }
}

/** The path of an address on the same host; undefined: on another, or none. */
function samePlace(address: string, { host, path }: WriteAnswer): string | undefined {
  const own = `http://${host ?? 'localhost'}`;
  const base = URL.canParse(path, own) ? new URL(path, own) : undefined;
  if (base === undefined || !URL.canParse(address, base.href)) return undefined;
  const url = new URL(address, base.href);
  return url.host === base.host ? url.pathname : undefined;
}
