import { type Page, pageBytes } from './page.ts';
import type { Purge } from './store-file.ts';

export interface WriteQueueOptions {
  maxPages: number;
  maxBytes: number;
  /** Of one batch. */
  batchPages: number;
  batchBytes: number;
}

export interface WaitingPage {
  page: Page;
  bytes: number;
  ticket: number;
}

export interface WaitingPurge extends Purge {
  ticket: number;
}

export interface TakenBatch {
  pages: readonly WaitingPage[];
  purges: readonly WaitingPurge[];
}

/** Purges that wait at most. */
const MAX_PURGES = 10_000;

/**
 * Pages and purges that wait to be written: one page per key, the newest copy; bounded in pages and bytes, the ones
 * put longest ago are dropped first. Tickets number what is put, so that a caller can wait for all that came before.
 */
export class WriteQueue {
  private readonly options: WriteQueueOptions;
  private readonly entries = new Map<string, WaitingPage>();
  private readonly purges = new Map<string, WaitingPurge>();
  /** Ticket of what was put last. */
  ticket = 0;
  bytes = 0;
  /** Pages that there was no room for, since the start. */
  dropped = 0;

  constructor(options: WriteQueueOptions) {
    this.options = options;
  }

  get pages(): number {
    return this.entries.size;
  }

  get isEmpty(): boolean {
    return this.entries.size === 0 && this.purges.size === 0;
  }

  /** Enough waits for a full batch. */
  get isBatch(): boolean {
    return this.entries.size >= this.options.batchPages || this.bytes >= this.options.batchBytes;
  }

  /** Ticket of what has waited longest; Infinity when nothing waits. */
  get oldestTicket(): number {
    const page = this.entries.values().next().value?.ticket ?? Number.POSITIVE_INFINITY;
    const purge = this.purges.values().next().value?.ticket ?? Number.POSITIVE_INFINITY;
    return Math.min(page, purge);
  }

  put(page: Page): void {
    this.ticket += 1;
    this.addPage({ page, bytes: pageBytes(page), ticket: this.ticket });
  }

  /** What is taken back (hard) is not held here until the store can be written again. */
  purge(purge: Purge): void {
    this.ticket += 1;
    this.addPurge({ ...purge, ticket: this.ticket });
    if (!purge.hard) return;
    for (const entry of this.entries.values()) {
      if (!this.isTakenBack(entry.page)) continue;
      this.entries.delete(entry.page.key);
      this.bytes -= entry.bytes;
    }
  }

  /** The next batch, taken out: all purges, and the pages that have waited longest. */
  take(): TakenBatch {
    const { batchPages, batchBytes } = this.options;
    const pages: WaitingPage[] = [];
    let bytes = 0;
    for (const entry of this.entries.values()) {
      if (pages.length > 0 && (pages.length >= batchPages || bytes + entry.bytes > batchBytes)) break;
      pages.push(entry);
      bytes += entry.bytes;
    }
    for (const { page } of pages) this.entries.delete(page.key);
    this.bytes -= bytes;
    const purges = [...this.purges.values()];
    this.purges.clear();
    return { pages, purges };
  }

  /** Puts a batch that was not written back in front of what came since. */
  giveBack(batch: TakenBatch): void {
    const pages = [...batch.pages, ...this.entries.values()];
    const purges = [...batch.purges, ...this.purges.values()];
    this.entries.clear();
    this.purges.clear();
    this.bytes = 0;
    for (const purge of purges) this.addPurge(purge);
    for (const entry of pages) this.addPage(entry);
  }

  private isTakenBack({ tags, renderStartedAt }: Page): boolean {
    if (this.purges.size === 0) return false;
    return tags.some(
      (tag) => renderStartedAt <= (this.purges.get(idOf({ tag, hard: true }))?.at ?? Number.NEGATIVE_INFINITY),
    );
  }

  private addPage(entry: WaitingPage): void {
    const { key } = entry.page;
    if (this.isTakenBack(entry.page)) return;
    const before = this.entries.get(key);
    if (before !== undefined) {
      if (before.page.renderStartedAt > entry.page.renderStartedAt) return;
      this.entries.delete(key);
      this.bytes -= before.bytes;
    }
    this.entries.set(key, entry);
    this.bytes += entry.bytes;
    while (this.entries.size > this.options.maxPages || (this.bytes > this.options.maxBytes && this.entries.size > 1)) {
      const oldest = this.entries.values().next().value!;
      this.entries.delete(oldest.page.key);
      this.bytes -= oldest.bytes;
      this.dropped += 1;
    }
  }

  private addPurge(purge: WaitingPurge): void {
    const id = idOf(purge);
    const before = this.purges.get(id);
    this.purges.delete(id);
    this.purges.set(id, { ...purge, at: Math.max(purge.at, before?.at ?? purge.at) });
    if (this.purges.size > MAX_PURGES) this.purges.delete(this.purges.keys().next().value!);
  }
}

const idOf = ({ tag, hard }: Pick<Purge, 'tag' | 'hard'>): string => `${hard ? 'hard' : 'soft'} ${tag}`;
