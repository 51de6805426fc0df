/** How long a page that turned out to be for one visitor only is not coalesced, ms (Varnish: hit-for-miss). */
export const PASS_MS = 10_000;
/** Pages of which this is remembered; with more, all of them are forgotten. */
export const MAX_PASSES = 1_000;

interface Pass {
  until: number;
  /** Epoch ms at which the render began that found it out. */
  renderStartedAt: number;
  /** Undefined: any purge may concern it. */
  tags: readonly string[] | undefined;
}

/** When one of the tags was last purged, or any tag for undefined; epoch ms, -Infinity: never. */
export type LastPurge = (tags: readonly string[] | undefined) => number;

/** Pages that turned out not to be the same for all: visitors of them ask the site, each for himself, until a purge. */
export class Passes {
  private readonly byKey = new Map<string, Pass>();
  private readonly lastPurge: LastPurge;
  private readonly now: () => number;

  constructor(lastPurge: LastPurge, now: () => number = () => performance.now()) {
    this.lastPurge = lastPurge;
    this.now = now;
  }

  has(key: string): boolean {
    const pass = this.byKey.get(key);
    if (pass === undefined) return false;
    // What was published since may have made it a page for all.
    if (pass.until > this.now() && pass.renderStartedAt > this.lastPurge(pass.tags)) return true;
    this.byKey.delete(key);
    return false;
  }

  /** `renderStartedAt`: epoch ms. `tags`: purging one of them ends it; undefined: any purge does. */
  add(key: string, renderStartedAt: number, tags: readonly string[] | undefined): void {
    if (this.byKey.size >= MAX_PASSES) this.byKey.clear();
    this.byKey.set(key, { until: this.now() + PASS_MS, renderStartedAt, tags });
  }
}
