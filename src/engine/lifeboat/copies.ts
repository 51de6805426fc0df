import type { PageMemory } from '../cache/memory.ts';
import type { Page } from '../cache/page.ts';
import type { PageReader } from '../cache/store.ts';

/** A key is looked for in the store at most this often, ms: a storm of visitors must not become one of disk reads. */
export const LOOK_EVERY_MS = 1_000;
/** Keys of which it is known what the store had of them; with more, all are forgotten. */
export const MAX_LOOKED_FOR = 10_000;

interface Look {
  at: number;
  found: boolean;
}

/**
 * The lifeboat's copies: of memory and store the one that was rendered last. What is in memory may be of the last
 * incident, days ago, and the workers have put newer ones into the store since.
 */
export class Copies {
  private readonly memory: PageMemory;
  private readonly store: Pick<PageReader, 'read'>;
  private readonly now: () => number;
  private readonly looks = new Map<string, Look>();

  constructor(memory: PageMemory, store: Pick<PageReader, 'read'>, now: () => number) {
    this.memory = memory;
    this.store = store;
    this.now = now;
  }

  of(key: string): Page | undefined {
    const held = this.memory.get(key);
    const last = this.looks.get(key);
    const known = last !== undefined && this.now() - last.at < LOOK_EVERY_MS;
    // One that was found and is not held was too large for the memory, or had to make room: it is read again.
    if (known && (held !== undefined || !last.found)) return held;
    const stored = this.look(key);
    if (stored === undefined || (held !== undefined && held.renderStartedAt >= stored.renderStartedAt)) return held;
    this.memory.set(stored);
    return stored;
  }

  private look(key: string): Page | undefined {
    const stored = this.store.read(key);
    const page = stored === undefined ? undefined : this.memory.afterPurges(stored);
    if (this.looks.size >= MAX_LOOKED_FOR) this.looks.clear();
    this.looks.set(key, { at: this.now(), found: page !== undefined });
    return page;
  }
}
