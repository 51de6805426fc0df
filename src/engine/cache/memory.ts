import NodeCache from 'node-cache';
import { type Page, pageBytes } from './page.ts';

interface Slot {
  key: string;
  page: Page;
  bytes: number;
  /** SIEVE: seen since the hand last passed. */
  visited: boolean;
  newer: Slot | undefined;
  older: Slot | undefined;
}

export interface PageMemoryOptions {
  maxBytes: number;
  maxEntryBytes: number;
}

/** Purges that are remembered, so that a render that began before one is not taken for fresh after it. */
const MAX_PURGES = 10_000;

/**
 * The pages of one process: node-cache as the table, bounded in bytes. Eviction is SIEVE (Zhang et al., NSDI 2024):
 * a hand goes from old to new over a list in order of insertion, gives pages that were read a second chance and takes
 * the first that was not.
 */
export class PageMemory {
  private readonly table = new NodeCache({ stdTTL: 0, checkperiod: 0, useClones: false, deleteOnExpire: false });
  private readonly options: PageMemoryOptions;
  private readonly tagged = new Map<string, Set<string>>();
  private readonly purges = new Map<string, { at: number; hard: boolean }>();
  private newest: Slot | undefined;
  private oldest: Slot | undefined;
  private hand: Slot | undefined;
  bytes = 0;
  pages = 0;
  evictions = 0;

  constructor(options: PageMemoryOptions) {
    this.options = options;
  }

  get(key: string): Page | undefined {
    const slot = this.table.get<Slot>(key);
    if (slot === undefined) return undefined;
    slot.visited = true;
    return slot.page;
  }

  /** As `get`, but no visit. */
  peek(key: string): Page | undefined {
    return this.table.get<Slot>(key)?.page;
  }

  /** Keeps a page; false when it is too large, or older than a hard purge of one of its tags. Never throws when full. */
  set(given: Page): boolean {
    const page = this.afterPurges(given);
    const bytes = page === undefined ? 0 : pageBytes(page);
    if (page === undefined || bytes > this.options.maxEntryBytes || bytes > this.options.maxBytes) return false;
    const held = this.table.get<Slot>(page.key);
    // Of two copies the newer stays: another process may have stored one that is older than ours.
    if (held !== undefined && held.page.renderedAt > page.renderedAt) return false;
    const visited = held?.visited ?? false;
    if (held !== undefined) this.remove(held);
    while (this.bytes + bytes > this.options.maxBytes && this.evict());
    const slot: Slot = { key: page.key, page, bytes, visited, newer: undefined, older: this.newest };
    if (this.newest !== undefined) this.newest.newer = slot;
    this.newest = slot;
    this.oldest ??= slot;
    this.table.set(page.key, slot);
    this.bytes += bytes;
    this.pages += 1;
    for (const tag of page.tags) {
      let keys = this.tagged.get(tag);
      if (keys === undefined) this.tagged.set(tag, (keys = new Set()));
      keys.add(page.key);
    }
    return true;
  }

  /** A coding was added to a kept page: counts its bytes. */
  grew(key: string, bytes: number): void {
    const slot = this.table.get<Slot>(key);
    if (slot === undefined) return;
    slot.bytes += bytes;
    this.bytes += bytes;
    while (this.bytes > this.options.maxBytes && this.evict());
  }

  /**
   * Drops (hard) or ages (soft: last good only) every page that carries one of the tags. `at`: epoch ms of the purge.
   * @returns how many pages it met
   */
  purge(tags: readonly string[], hard: boolean, at: number): number {
    let met = 0;
    for (const tag of tags) {
      this.remember(tag, hard, at);
      for (const key of [...(this.tagged.get(tag) ?? [])]) {
        const slot = this.table.get<Slot>(key);
        if (slot === undefined || slot.page.renderedAt > at) continue;
        met += 1;
        if (hard) this.remove(slot);
        else slot.page = { ...slot.page, purged: true };
      }
    }
    return met;
  }

  clear(): void {
    this.table.flushAll();
    this.tagged.clear();
    this.newest = this.oldest = this.hand = undefined;
    this.bytes = this.pages = 0;
  }

  private afterPurges(page: Page): Page | undefined {
    let soft = false;
    for (const tag of page.tags) {
      const purge = this.purges.get(tag);
      if (purge === undefined || page.renderedAt > purge.at) continue;
      if (purge.hard) return undefined;
      soft = true;
    }
    return soft && !page.purged ? { ...page, purged: true } : page;
  }

  private remember(tag: string, hard: boolean, at: number): void {
    const before = this.purges.get(tag);
    this.purges.delete(tag);
    this.purges.set(tag, { at: Math.max(at, before?.at ?? 0), hard: hard || (before?.hard ?? false) });
    if (this.purges.size > MAX_PURGES) this.purges.delete(this.purges.keys().next().value!);
  }

  private evict(): boolean {
    let hand = this.hand ?? this.oldest;
    while (hand?.visited) {
      hand.visited = false;
      hand = hand.newer ?? this.oldest;
    }
    if (hand === undefined) return false;
    this.hand = hand.newer;
    this.remove(hand);
    this.evictions += 1;
    return true;
  }

  private remove(slot: Slot): void {
    if (this.hand === slot) this.hand = slot.newer;
    if (slot.newer !== undefined) slot.newer.older = slot.older;
    else this.newest = slot.older;
    if (slot.older !== undefined) slot.older.newer = slot.newer;
    else this.oldest = slot.newer;
    this.table.del(slot.key);
    this.bytes -= slot.bytes;
    this.pages -= 1;
    for (const tag of slot.page.tags) {
      const keys = this.tagged.get(tag);
      keys?.delete(slot.key);
      if (keys?.size === 0) this.tagged.delete(tag);
    }
  }
}
