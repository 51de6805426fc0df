import type { Page } from '../../cache/page.ts';
import { wantsCompressed } from '../../cache/wire.ts';

/** Makes the compressed codings of a page, behind the visitors' backs. */
export interface PageCompressor {
  compress(page: Page): void;
}

/** A coding that is missing is made for a page that is asked for a second time: one that is asked for once is not worth it. */
export class WantedCodings {
  private readonly compressor: PageCompressor;
  private readonly served = new WeakSet<Page>();

  constructor(compressor: PageCompressor) {
    this.compressor = compressor;
  }

  noteCodingWanted(page: Page, acceptEncoding: string | undefined): void {
    if (!page.compressible || page.bodies.gzip !== undefined || !wantsCompressed(acceptEncoding)) return;
    if (this.served.has(page)) this.compressor.compress(page);
    else this.served.add(page);
  }
}
