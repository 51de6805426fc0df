import type { PageMemory } from '../cache/memory.ts';
import type { Page } from '../cache/page.ts';
import type { PageReader } from '../cache/store.ts';

/** A key is looked for in the store at most this often, ms: a storm of visitors must not become one of disk reads. */
export const LOOK_EVERY_MS = 1_000;
/** Keys of which it is known when they were looked for; with more, all are forgotten. */
export const MAX_LOOKED_FOR = 10_000;

/**
 * The lifeboat's copies: of memory and store the one that was rendered last. What is in memory may be of the last
 * incident, days ago, and the workers have put newer ones into the store since.
 */
export class Copies {
  private readonly memory: PageMemory;
  private readonly store: Pick<PageReader, 'read'>;
  private readonly now: () => number;
  private readonly lookedAt = new Map<string, number>();

  constructor(memory: PageMemory, store: Pick<PageReader, 'read'>, now: () => number) {
    this.memory = memory;
    this.store = store;
    this.now = now;
  }

  of(key: string): Page | undefined {
    const now = this.now();
    if (now - (this.lookedAt.get(key) ?? Number.NEGATIVE_INFINITY) >= LOOK_EVERY_MS) {
      if (this.lookedAt.size >= MAX_LOOKED_FOR) this.lookedAt.clear();
      this.lookedAt.set(key, now);
      const stored = this.store.read(key);
      const page = stored === undefined ? undefined : this.memory.afterPurges(stored);
      const held = this.memory.peek(key);
      // Too large a page is not kept in memory, but it is a copy all the same.
      if (page !== undefined && !this.memory.set(page) && (held === undefined || held.renderedAt < page.renderedAt))
        return page;
    }
    return this.memory.get(key);
  }
}
