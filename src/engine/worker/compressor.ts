import type { Compressed } from '../cache/compress.ts';
import type { Page } from '../cache/page.ts';
import type { PageCompressor } from '../request/answer/wanted-codings.ts';
import type { PageFiles } from './page-files.ts';
import type { SitePool } from './site-pool.ts';
import type { WorkerState } from './state.ts';

/** A compression that failed (no room in the pool, a thread that died) is tried again after this time, ms. */
export const RETRY_MS = 1_000;

/** Makes the compressed codings of a page in the pool, once, and never while the server is saturated. */
export class Compressor implements PageCompressor {
  private readonly pool: Pick<SitePool, 'run'>;
  private readonly files: Pick<PageFiles, 'memory' | 'put'>;
  private readonly state: Pick<WorkerState, 'mode'>;
  private readonly now: () => number;
  /** Pages that are not to be compressed before this time; Infinity: it is under way, or done. */
  private readonly notBefore = new WeakMap<Page, number>();

  constructor(
    pool: Pick<SitePool, 'run'>,
    files: Pick<PageFiles, 'memory' | 'put'>,
    state: Pick<WorkerState, 'mode'>,
    now: () => number = () => performance.now(),
  ) {
    this.pool = pool;
    this.files = files;
    this.state = state;
    this.now = now;
  }

  compress(page: Page): void {
    if (this.state.mode === 'saturated' || (this.notBefore.get(page) ?? 0) > this.now()) return;
    this.notBefore.set(page, Number.POSITIVE_INFINITY);
    this.pool.run<Compressed>('tahan:compress', page.bodies.identity).then(
      (codings) => {
        const { memory } = this.files;
        if (!memory.addCodings(page, codings)) return;
        // It may have been purged meanwhile.
        const current = memory.afterPurges(page);
        if (current !== undefined) this.files.put(current);
      },
      // The page is served as it is; the failure is counted with the task.
      () => this.notBefore.set(page, this.now() + RETRY_MS),
    );
  }
}
