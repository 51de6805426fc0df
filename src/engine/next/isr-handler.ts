import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { EntryMeta } from './entries.ts';
import { entriesOfProcess } from './entries-of-process.ts';
import { expiryOf } from './revalidations.ts';

/** The `cacheHandler` of Next.js 16 (next/dist/server/lib/incremental-cache): what of its types is used here. */
interface HandlerContext {
  dev?: boolean;
  serverDistDir?: string;
}
interface CacheControl {
  revalidate: number | false;
  expire?: number | undefined;
}
interface Value {
  kind: string;
  headers?: Record<string, unknown> | undefined;
  tags?: readonly string[];
  revalidate?: number;
}
interface GetContext {
  kind: string;
  tags?: readonly string[];
  softTags?: readonly string[];
}
interface SetContext {
  fetchCache?: boolean;
  tags?: readonly string[];
  cacheControl?: CacheControl;
}
interface Found {
  lastModified: number;
  value: Value | null;
  cacheControl?: CacheControl | undefined;
}
interface Handler {
  get: (key: string, context: GetContext) => Promise<Found | null>;
}

/** Data that was fetched is good for any build; pages name the files of theirs. */
const FETCH = 'FETCH';
const TAGS_HEADER = 'x-next-cache-tags';
/** A render that began earlier is taken for one of a handler that serves many requests, ms. */
const LONGEST_RENDER_MS = 60_000;
/** Long ago for any lifetime, and not 0, which Next.js takes for "now". */
const LONG_AGO = 1;

/** Next.js makes one for each request. */
export default class IsrHandler {
  private readonly context: HandlerContext;
  /** What is rendered for this request shows what was true when the request came, or later. */
  private readonly startedAt = Date.now();

  constructor(context: HandlerContext) {
    this.context = context;
  }

  async get(key: string, context: GetContext): Promise<Found | null> {
    const fetched = context.kind === FETCH;
    const tags = fetched ? [...(context.tags ?? []), ...(context.softTags ?? [])] : [];
    const entry = entriesOfProcess().get(this.keyOf(key, fetched), tags);
    if (entry === undefined) return fetched ? null : this.built(key, context);
    const { value, cacheControl } = entry.value as Pick<Found, 'value' | 'cacheControl'>;
    const found = { lastModified: entry.madeAt, value: tagged(value), cacheControl };
    return entry.stale ? asStale(found, fetched) : found;
  }

  async set(
    key: string,
    value: Value | null,
    { fetchCache = false, tags = [], cacheControl }: SetContext,
  ): Promise<void> {
    const meta: EntryMeta = {
      tags: [...new Set([...tags, ...(value?.tags ?? []), ...tagsOf(value)])],
      madeAt: Math.max(this.startedAt, Date.now() - LONGEST_RENDER_MS),
      revalidateS: fetchCache ? value?.revalidate : cacheControl?.revalidate,
      expireS: cacheControl?.expire,
    };
    entriesOfProcess().set(this.keyOf(key, fetchCache), { value, cacheControl }, meta);
  }

  revalidateTag(tags: string | readonly string[], durations?: { expire?: number }): Promise<void> {
    return entriesOfProcess().revalidate(typeof tags === 'string' ? [tags] : tags, expiryOf(durations));
  }

  resetRequestCache(): void {}

  private keyOf(key: string, fetched: boolean): string {
    return fetched ? `fetch ${key}` : `page ${buildOf(this.context).id} ${key}`;
  }

  /** The page as the build made it. */
  private async built(key: string, context: GetContext): Promise<Found | null> {
    const { pages } = buildOf(this.context);
    const found = pages === undefined ? null : await pages(this.context).get(key, context);
    if (found === null) return null;
    const state = entriesOfProcess().stateOf(tagsOf(found.value), found.lastModified);
    if (state === 'expired') return null;
    const page = { ...found, value: tagged(found.value) };
    return state === 'stale' ? asStale(page, false) : page;
  }
}

const tagsOf = (value: Value | null): string[] => {
  const tags = value?.headers?.[TAGS_HEADER];
  return typeof tags === 'string' && tags !== '' ? tags.split(',') : [];
};

/** The copy that Tahan makes of the page has its tags, too: Next.js passes these headers on. */
function tagged(value: Value | null): Value | null {
  const tags = tagsOf(value);
  return value === null || tags.length === 0
    ? value
    : { ...value, headers: { ...value.headers, 'cache-tag': tags.join(',') } };
}

/** As Next.js serves it once more, and makes it anew behind that. */
function asStale(found: Found, fetched: boolean): Found {
  if (fetched) return { ...found, lastModified: LONG_AGO };
  const lastModified = Math.min(found.lastModified, Date.now() - 2_000);
  return { ...found, lastModified, cacheControl: { ...found.cacheControl, revalidate: 1 } };
}

interface Build {
  id: string;
  /** Reads the files of the build; undefined: this Next.js keeps them otherwise. */
  pages: ((context: HandlerContext) => Handler) | undefined;
}

const builds = new Map<string, Build>();

function buildOf({ dev, serverDistDir }: HandlerContext): Build {
  if (dev || serverDistDir === undefined) return { id: 'dev', pages: undefined };
  let build = builds.get(serverDistDir);
  if (build === undefined) {
    build = { id: readBuildId(serverDistDir), pages: readerOf(serverDistDir) };
    builds.set(serverDistDir, build);
  }
  return build;
}

function readBuildId(serverDistDir: string): string {
  try {
    return readFileSync(join(serverDistDir, '../BUILD_ID'), 'utf8').trim();
  } catch {
    return 'build'; // while it is being made
  }
}

function readerOf(serverDistDir: string): Build['pages'] {
  try {
    const FileSystemCache = createRequire(join(serverDistDir, 'any.js'))(
      'next/dist/server/lib/incremental-cache/file-system-cache',
    ).default as new (
      context: object,
    ) => Handler;
    return (context) => new FileSystemCache({ revalidatedTags: [], ...context, flushToDisk: false });
  } catch {
    return undefined; // then a page of the build is rendered when it is first asked for
  }
}
