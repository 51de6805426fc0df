import type { Compressed } from '../cache/compress.ts';
import type { Page } from '../cache/page.ts';
import type { PageCompressor } from '../request/answer/wanted-codings.ts';
import type { PageFiles } from './page-files.ts';
import type { SitePool } from './site-pool.ts';
import type { WorkerState } from './state.ts';

/** Makes the compressed codings of a page in the pool, once, and never while the server is saturated. */
export class Compressor implements PageCompressor {
  private readonly pool: SitePool;
  private readonly files: PageFiles;
  private readonly state: WorkerState;
  private readonly begun = new WeakSet<Page>();

  constructor(pool: SitePool, files: PageFiles, state: WorkerState) {
    this.pool = pool;
    this.files = files;
    this.state = state;
  }

  compress(page: Page): void {
    if (this.state.mode === 'saturated' || this.begun.has(page)) return;
    this.begun.add(page);
    this.pool.run<Compressed>('tahan:compress', page.bodies.identity).then(
      (codings) => {
        if (this.files.memory.addCodings(page, codings)) this.files.put(page);
      },
      // The page is served as it is; the outcome is counted with the task.
      () => {},
    );
  }
}
