import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { freshness } from '../cache/freshness.ts';
import { KeysForATime } from '../cache/keys-for-a-time.ts';
import { ALL_PAGES, pathTag } from '../cache/make-page.ts';
import type { PageMemory } from '../cache/memory.ts';
import type { Page } from '../cache/page.ts';
import { lastExpiry, NEVER, type Revalidated, revalidated } from './revalidations.ts';

/** Where the entries of an app's own cache are: with the pages, in memory and in the store, which all workers share. */
export interface EntryFiles {
  readonly memory: PageMemory;
  read: (key: string) => Page | undefined;
  put: (page: Page) => unknown;
  /** Makes stale what carries the tags, here and in the other workers; the pages that visitors get, too. */
  purge: (tags: readonly string[]) => Promise<void>;
}

/** What an app put into its cache. */
export interface Entry {
  value: unknown;
  /** Epoch ms. */
  madeAt: number;
  /** A tag was revalidated since, or an operator purged it: to be served once more at most. */
  stale: boolean;
}

export interface EntryMeta {
  tags: readonly string[];
  /** Epoch ms: what it shows is at least this new. */
  madeAt: number;
  /** After this it is made anew; `false`, undefined: never. */
  revalidateS?: number | false | undefined;
  /** How long it may be used; undefined: without end. */
  expireS?: number | undefined;
}

/** Longest key that is kept as it is. */
const MAX_KEY = 500;
/** No visitor's page has a key with a word before the first line end that is not a language. */
const PREFIX = 'next entry\n';
const TAG_PREFIX = 'next tag\n';
const YEAR_MS = 31_536_000_000;
/** Tags whose revalidations are in memory; of the others the store knows. */
export const MAX_TAGS = 10_000;
/** A tag of which the store knew nothing is looked for again after this, ms: the store may not have been readable. */
const ABSENT_MS = 10_000;
/** Next.js gives each path a tag of its own. */
export const nextPathTag = (path: string): string => `${NEXT_PATH}${path}`;
const NEXT_PATH = '_N_T_';

/** The cache of an app on the page store: what one worker puts or revalidates holds for all, and survives a restart. */
export class Entries {
  private readonly files: EntryFiles;
  private readonly now: () => number;
  private readonly tags = new Map<string, Revalidated>();
  private readonly absent = new KeysForATime(ABSENT_MS, MAX_TAGS);

  constructor(files: EntryFiles, now: () => number = Date.now) {
    this.files = files;
    this.now = now;
  }

  /** `moreTags`: what the entry depends on beside its own tags. */
  get(key: string, moreTags: readonly string[] = []): Entry | undefined {
    const id = PREFIX + short(key);
    const held = this.files.memory.get(id);
    const entry = held === undefined ? undefined : this.entryOf(held, moreTags);
    if (held !== undefined && entry !== undefined && !entry.stale && freshness(held, this.now()) === 'fresh')
      return entry;
    // Another worker may have made it anew.
    const stored = this.files.read(id);
    const page = stored === undefined ? undefined : this.files.memory.afterPurges(stored);
    if (page === undefined || (held !== undefined && page.renderStartedAt <= held.renderStartedAt)) return entry;
    this.files.memory.set(page);
    return this.entryOf(page, moreTags);
  }

  set(key: string, value: unknown, { tags, madeAt, revalidateS, expireS = Number.POSITIVE_INFINITY }: EntryMeta): void {
    const kept: Kept = { value, tags };
    const forMs = Math.min(YEAR_MS, expireS * 1_000);
    const freshMs = Math.min(forMs, typeof revalidateS === 'number' ? revalidateS * 1_000 : forMs);
    const made = pageOf(PREFIX + short(key), kept, [...tags, ALL_PAGES], madeAt, freshMs, forMs - freshMs);
    const page = this.files.memory.afterPurges(made);
    if (page === undefined) return;
    this.files.memory.set(page);
    this.files.put(page);
  }

  /** What the revalidations of these tags say of something that was made at `madeAt`. */
  stateOf(tags: readonly string[], madeAt: number): 'good' | 'stale' | 'expired' {
    let stale = false;
    const now = this.now();
    for (const tag of tags) {
      const known = this.revalidated(tag);
      if (madeAt <= lastExpiry(known, now)) return 'expired';
      stale ||= madeAt <= known.staleAt;
    }
    return stale ? 'stale' : 'good';
  }

  /** When one of the tags was last taken back, epoch ms; 0: never. */
  lastExpiry(tags: readonly string[]): number {
    const now = this.now();
    return tags.reduce((last, tag) => Math.max(last, lastExpiry(this.revalidated(tag), now)), 0);
  }

  /** Resolves when every worker knows. `expireS`: how long what there is may still be served; undefined: not at all. */
  async revalidate(tags: readonly string[], expireS: number | undefined): Promise<void> {
    const now = this.now();
    const after = tags.map((tag) => [tag, revalidated(this.revalidated(tag), now, expireS)] as const);
    for (const [tag, known] of after) this.files.put(pageOf(TAG_PREFIX + short(tag), known, [], now, YEAR_MS, 0));
    const paths = tags.filter((tag) => tag.startsWith(NEXT_PATH)).map((tag) => pathTag(tag.slice(NEXT_PATH.length)));
    const purged = this.files.purge([...tags, ...paths]);
    // The purge made this process, too, forget what it knew: it is not to ask the store before that is written.
    for (const [tag, known] of after) this.remember(tag, known);
    await purged;
  }

  /** Somebody has revalidated these tags: the store knows more than this process. */
  forget(tags: readonly string[]): void {
    for (const tag of tags) {
      this.tags.delete(tag);
      this.absent.drop(tag);
    }
  }

  private revalidated(tag: string): Revalidated {
    const known = this.tags.get(tag);
    if (known !== undefined) return known;
    if (this.absent.has(tag)) return NEVER;
    const page = this.files.read(TAG_PREFIX + short(tag));
    const found = page === undefined ? undefined : (read(page) as Revalidated | undefined);
    if (found === undefined) this.absent.add(tag);
    else this.remember(tag, found);
    return found ?? NEVER;
  }

  private remember(tag: string, known: Revalidated): void {
    this.absent.drop(tag);
    this.tags.delete(tag);
    this.tags.set(tag, known);
    if (this.tags.size > MAX_TAGS) this.tags.delete(this.tags.keys().next().value!);
  }

  private entryOf(page: Page, moreTags: readonly string[]): Entry | undefined {
    const kept = read(page) as Kept | undefined;
    if (kept === undefined) return undefined;
    const madeAt = page.renderStartedAt;
    const state = this.stateOf([...kept.tags, ...moreTags], madeAt);
    return state === 'expired' ? undefined : { value: kept.value, madeAt, stale: page.purged || state === 'stale' };
  }
}

interface Kept {
  value: unknown;
  tags: readonly string[];
}

const short = (key: string): string =>
  key.length <= MAX_KEY ? key : createHash('sha256').update(key).digest('base64url');

/** Undefined: what a newer Node.js has written, this one may not be able to read. */
function read(page: Page): unknown {
  try {
    return deserialize(page.bodies.identity);
  } catch {
    return undefined;
  }
}

const pageOf = (
  key: string,
  value: unknown,
  tags: readonly string[],
  madeAt: number,
  ttlMs: number,
  sieMs: number,
): Page => ({
  key,
  // No visitor gets it as it is.
  status: 0,
  headers: [],
  etag: '',
  bodies: { identity: serialize(value) },
  compressible: false,
  tags,
  renderStartedAt: madeAt,
  upstreamAgeMs: 0,
  renderMs: 0,
  ttlMs,
  swrMs: 0,
  sieMs,
  purged: false,
});
