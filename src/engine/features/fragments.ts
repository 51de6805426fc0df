import { currentRequest } from '../current-request.ts';
import { pagePart } from './pool-share.ts';
import type { Feature, Fragment, FragmentOptions, FragmentResult } from './types.ts';

/** Copies that a worker keeps, and what they may hold together, bytes. */
export const MAX_COPIES = 1_000;
export const MAX_COPY_BYTES = 16 * 2 ** 20;
/** A copy may be shown in need for so long, ms. */
const LAST_GOOD_MS = 24 * 60 * 60 * 1_000;
/** Part of its ttl after which a copy that failed to be made anew is tried again, at most this long, ms. */
const PAUSE_MS = 1_000;

interface Copy {
  value: unknown;
  madeAt: number;
  /** Fresh until then; in the past after a soft purge. */
  until: number;
  tags: readonly string[];
  bytes: number;
}

export interface Fragments {
  fragment: Fragment;
  purge: (tags: readonly string[], hard: boolean) => void;
  /** Copies held, and their bytes. */
  readonly size: { copies: number; bytes: number };
}

/** What a value takes in memory, roughly: two bytes for each character of its text. */
const bytesOf = (value: unknown): number =>
  2 * (typeof value === 'string' ? value.length : (JSON.stringify(value)?.length ?? 0));

/** Parts of pages with last good copies of their own, in the memory of this worker. */
export function createFragments(
  featureOf: (name: string) => Feature,
  { now = Date.now, maxCopies = MAX_COPIES, maxBytes = MAX_COPY_BYTES } = {},
): Fragments {
  /** The one used last is the last. */
  const copies = new Map<string, Copy>();
  const making = new Map<string, Promise<unknown>>();
  const pauses = new Map<string, { until: number; error: unknown }>();
  /** Grows with each purge: what was begun before one is not fresh after it. */
  let purges = 0;
  let bytes = 0;

  const remove = (key: string): void => {
    bytes -= copies.get(key)?.bytes ?? 0;
    copies.delete(key);
  };
  const keep = (
    key: string,
    value: unknown,
    { ttlMs, tags = [] }: FragmentOptions,
    madeAt: number,
    fresh: boolean,
  ): void => {
    remove(key);
    const copy: Copy = { value, madeAt, until: fresh ? madeAt + ttlMs : 0, tags, bytes: bytesOf(value) };
    if (copy.bytes > maxBytes / 4) return;
    copies.set(key, copy);
    bytes += copy.bytes;
    for (const oldest of copies.keys()) {
      if (copies.size <= maxCopies && bytes <= maxBytes) break;
      remove(oldest);
    }
  };

  const fragment: Fragment = async <T>(
    name: string,
    options: FragmentOptions,
    render: (control: { signal: AbortSignal }) => T | Promise<T>,
  ): Promise<FragmentResult<T>> => {
    const key = options.key === undefined ? name : `${name}\n${options.key}`;
    const held = copies.get(key);
    if (held !== undefined) {
      copies.delete(key);
      copies.set(key, held);
      if (held.until > now()) return { state: 'fresh', value: held.value as T, ageMs: now() - held.madeAt };
    }
    try {
      const pause = pauses.get(key);
      if (pause !== undefined && held !== undefined && pause.until > now()) throw pause.error;
      // All who want it now wait for one; a page that needs it anew each time does not share it with another visitor's.
      let made = options.ttlMs > 0 ? (making.get(key) as Promise<T> | undefined) : undefined;
      if (made === undefined) {
        const began = now();
        const purgesBefore = purges;
        made = featureOf(name).run(async (control) => {
          const value = await pagePart.run(true, render, control);
          // Late, too: it is better than the copy that there was.
          keep(key, value, options, began, purgesBefore === purges);
          return value;
        }, options.deadlineMs);
        making.set(key, made);
        const done = (): void => {
          if (making.get(key) === made) making.delete(key);
        };
        made.then(done, done);
      }
      const value = await made;
      pauses.delete(key);
      return { state: 'fresh', value, ageMs: 0 };
    } catch (error) {
      const current = currentRequest.getStore();
      if (current !== undefined) current.degraded = true;
      if (pauses.size >= maxCopies) pauses.clear();
      if ((pauses.get(key)?.until ?? 0) <= now())
        pauses.set(key, { until: now() + Math.min(PAUSE_MS, options.ttlMs), error });
      const copy = copies.get(key);
      if (copy === undefined || now() - copy.madeAt > LAST_GOOD_MS)
        return { state: 'missing', value: undefined, ageMs: 0, error };
      return { state: 'stale', value: copy.value as T, ageMs: now() - copy.madeAt, error };
    }
  };

  return {
    fragment,
    purge(tags, hard) {
      purges += 1;
      for (const [key, copy] of copies) {
        if (!copy.tags.some((tag) => tags.includes(tag))) continue;
        if (hard) remove(key);
        else copy.until = 0;
      }
    },
    get size() {
      return { copies: copies.size, bytes };
    },
  };
}
