import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { PageMemory } from '../cache/memory.ts';
import type { Page } from '../cache/page.ts';
import { limitedReporter, openPageReader, type PageReader, type PageWriter, startPageWriter } from '../cache/store.ts';
import type { PageStore } from '../pages/copies.ts';

/** The pages that a worker holds: its memory, and its reader and writer of the store. */
export class PageFiles implements PageStore {
  readonly memory: PageMemory;
  readonly writer: PageWriter;
  readonly reader: PageReader;
  private readonly cacheBytes: number;

  constructor(config: Config, log: Logger) {
    const path = join(config.dataDir, 'pages.db');
    const report = limitedReporter((line) => log.warn(line));
    this.cacheBytes = config.cacheBytes;
    this.memory = new PageMemory({ maxBytes: config.cacheBytes, maxEntryBytes: config.cacheEntryBytes });
    this.writer = startPageWriter({ path, maxBytes: config.storeBytes, onRenewed: () => this.refill() }, report);
    this.reader = openPageReader(path, report, () => this.writer.suspect());
  }

  read(key: string): Page | undefined {
    return this.reader.read(key);
  }

  put(page: Page): void {
    this.writer.put(page);
  }

  flush(): Promise<void> {
    return this.writer.flush();
  }

  /** Takes the newest pages of the store into memory. The store exists from here on, for the lifeboat's reader too. */
  async load(): Promise<void> {
    await this.writer.flush();
    for (const page of this.reader.newest(this.cacheBytes / 2).reverse()) this.memory.set(page);
  }

  async close(): Promise<void> {
    await this.writer.close();
    this.reader.close();
  }

  /** The store was made anew: what is in memory fills it again, so that the lifeboat has something to give. */
  private refill(): void {
    for (const page of this.memory.values()) this.writer.put(page);
  }
}
