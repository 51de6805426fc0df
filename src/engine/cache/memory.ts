import NodeCache from 'node-cache';
import type { Compressed } from './compress.ts';
import { type Page, pageBytes } from './page.ts';
import { PurgeLog } from './purge-log.ts';

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

/**
 * The pages of one process: node-cache as the table, bounded in bytes. Eviction is SIEVE (Zhang et al., NSDI 2024):
 * a hand goes from old to new over a list in order of insertion, gives pages that were read a second chance and takes
 * the first that was not.
 */
export class PageMemory {
  private readonly table = new NodeCache({ stdTTL: 0, checkperiod: 0, useClones: false, deleteOnExpire: false });
  private readonly options: PageMemoryOptions;
  private readonly tagged = new Map<string, Set<Slot>>();
  private readonly purges = new PurgeLog();
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

  /** Every page, the one kept last first; no visits. */
  *values(): Generator<Page, void> {
    for (let slot = this.newest; slot !== undefined; slot = slot.older) yield slot.page;
  }

  /** Keeps a page; false when it is too large, or older than a hard purge of one of its tags. Never throws when full. */
  set(given: Page): boolean {
    const page = this.afterPurges(given);
    const bytes = page === undefined ? 0 : pageBytes(page);
    if (page === undefined || bytes > this.options.maxEntryBytes || bytes > this.options.maxBytes) return false;
    const held = this.table.get<Slot>(page.key);
    // Of two copies the newer stays: another process may have stored one that is older than ours.
    if (held !== undefined && held.page.renderStartedAt > page.renderStartedAt) return false;
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
      let slots = this.tagged.get(tag);
      if (slots === undefined) {
        slots = new Set();
        this.tagged.set(tag, slots);
      }
      slots.add(slot);
    }
    return true;
  }

  /**
   * Adds the compressed codings to a page, kept here or not; false when they would make a kept one larger than a page
   * may be: then it stays as it is.
   */
  addCodings(page: Page, { gzip, br }: Compressed): boolean {
    const slot = this.table.get<Slot>(page.key);
    const kept = slot !== undefined && slot.page.bodies === page.bodies ? slot : undefined;
    const more = (gzip?.length ?? 0) + (br?.length ?? 0);
    if (kept !== undefined && kept.bytes + more > Math.min(this.options.maxEntryBytes, this.options.maxBytes))
      return false;
    if (gzip !== undefined) page.bodies.gzip = Buffer.from(gzip.buffer, gzip.byteOffset, gzip.byteLength);
    if (br !== undefined) page.bodies.br = Buffer.from(br.buffer, br.byteOffset, br.byteLength);
    if (kept !== undefined) this.recount(kept);
    return true;
  }

  /**
   * The page as it may be used after the purges that this process knows of; undefined: not at all. For a page that
   * comes from elsewhere (the store, a render that was long under way) and may be too large to be kept here.
   */
  afterPurges(page: Page): Page | undefined {
    const verdict = this.purges.verdict(page.tags, page.renderStartedAt);
    if (verdict === 'hard') return undefined;
    return verdict === 'soft' && !page.purged ? { ...page, purged: true } : page;
  }

  /** When one of the tags was last purged, or any tag for undefined; epoch ms, -Infinity: never. */
  lastPurge(tags: readonly string[] | undefined): number {
    return tags === undefined ? this.purges.last : this.purges.lastOf(tags);
  }

  /**
   * Drops (hard) or ages (soft: last good only) every page that carries one of the tags. `at`: epoch ms of the purge.
   * @returns how many pages it met
   */
  purge(tags: readonly string[], hard: boolean, at: number): number {
    const met = new Set<Slot>();
    for (const tag of tags) {
      this.purges.note(tag, hard, at);
      for (const slot of this.tagged.get(tag) ?? []) if (slot.page.renderStartedAt <= at) met.add(slot);
    }
    for (const slot of met) {
      if (hard) this.remove(slot);
      else if (!slot.page.purged) slot.page = { ...slot.page, purged: true };
    }
    return met.size;
  }

  private recount(slot: Slot): void {
    const bytes = pageBytes(slot.page);
    this.bytes += bytes - slot.bytes;
    slot.bytes = bytes;
    while (this.bytes > this.options.maxBytes && this.evict());
  }

  private evict(): boolean {
    let hand = this.hand ?? this.oldest;
    while (hand?.visited) {
      hand.visited = false;
      hand = hand.newer ?? this.oldest;
    }
    if (hand === undefined) return false;
    this.hand = hand;
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
      const slots = this.tagged.get(tag);
      slots?.delete(slot);
      if (slots?.size === 0) this.tagged.delete(tag);
    }
  }
}
