import { entriesOfProcess } from './entries-of-process.ts';
import { expiryOf } from './revalidations.ts';

/** The `cacheHandlers` of Next.js 16 (next/dist/server/lib/cache-handlers/types). */
interface CacheEntry {
  value: ReadableStream<Uint8Array>;
  tags: string[];
  /** s */
  stale: number;
  /** Epoch ms. */
  timestamp: number;
  /** s */
  expire: number;
  /** s */
  revalidate: number;
}

interface Kept extends Omit<CacheEntry, 'value'> {
  bytes: Uint8Array;
}

/** Entries of this process that are being made. */
const pending = new Map<string, Promise<void>>();
/** Next.js serves what has this as `revalidate`, and makes it anew behind that. */
const STALE = -1;

const keyOf = (key: string): string => `use cache ${key}`;

export default {
  async get(key: string, softTags: string[]): Promise<CacheEntry | undefined> {
    await pending.get(key);
    const entry = entriesOfProcess().get(keyOf(key), softTags);
    if (entry === undefined) return undefined;
    const { bytes, ...kept } = entry.value as Kept;
    return { ...kept, ...(entry.stale ? { revalidate: STALE } : {}), value: streamOf(bytes) };
  },

  async set(key: string, making: Promise<CacheEntry>): Promise<void> {
    const done = keep(key, making).finally(() => {
      if (pending.get(key) === done) pending.delete(key);
    });
    pending.set(key, done);
    await done;
  },

  /** Nothing to fetch: whoever revalidates tells all workers. */
  async refreshTags(): Promise<void> {},

  async getExpiration(tags: string[]): Promise<number> {
    return entriesOfProcess().lastExpiry(tags);
  },

  updateTags(tags: string[], durations?: { expire?: number }): Promise<void> {
    return entriesOfProcess().revalidate(tags, expiryOf(durations));
  },
};

async function keep(key: string, making: Promise<CacheEntry>): Promise<void> {
  try {
    const { value, ...kept } = await making;
    // It is made anew by whoever asks: nobody would read it.
    if (kept.expire === 0) return;
    const bytes = new Uint8Array(await new Response(value).arrayBuffer());
    const { tags, timestamp: madeAt, revalidate: revalidateS, expire: expireS } = kept;
    entriesOfProcess().set(keyOf(key), { ...kept, bytes } satisfies Kept, { tags, madeAt, revalidateS, expireS });
  } catch {
    // The render failed, and says so itself: there is nothing to keep.
  }
}

const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
