/** What the purges say of a page: it may be used as it is, only as last good, or not at all. */
export type Verdict = 'clean' | 'soft' | 'hard';

/** Tags that are remembered one by one. */
const MAX_TAGS = 10_000;

/**
 * Remembers when each tag was purged, so that a render that began before the purge is not taken for fresh after it.
 * When there are too many tags the oldest purges are forgotten one by one but still count for every page with a tag:
 * too much is rendered again then, never too little.
 */
export class PurgeLog {
  private readonly softAt = new Map<string, number>();
  private readonly hardAt = new Map<string, number>();
  private forgottenSoftAt = Number.NEGATIVE_INFINITY;
  private forgottenHardAt = Number.NEGATIVE_INFINITY;
  private lastNotedAt = Number.NEGATIVE_INFINITY;
  private readonly maxTags: number;

  constructor(maxTags = MAX_TAGS) {
    this.maxTags = maxTags;
  }

  /** `at`: epoch ms. */
  note(tag: string, hard: boolean, at: number): void {
    this.lastNotedAt = Math.max(this.lastNotedAt, at);
    const log = hard ? this.hardAt : this.softAt;
    const last = Math.max(at, log.get(tag) ?? at);
    log.delete(tag);
    log.set(tag, last);
    if (log.size <= this.maxTags) return;
    const [oldest, oldestAt] = log.entries().next().value!;
    log.delete(oldest);
    if (hard) this.forgottenHardAt = Math.max(this.forgottenHardAt, oldestAt);
    else this.forgottenSoftAt = Math.max(this.forgottenSoftAt, oldestAt);
  }

  /** `renderStartedAt`: epoch ms at which the render began. One that began in the very ms of the purge is older. */
  verdict(tags: readonly string[], renderStartedAt: number): Verdict {
    if (tags.length === 0) return 'clean';
    let soft = renderStartedAt <= this.forgottenSoftAt;
    if (renderStartedAt <= this.forgottenHardAt) return 'hard';
    for (const tag of tags) {
      if (renderStartedAt <= (this.hardAt.get(tag) ?? Number.NEGATIVE_INFINITY)) return 'hard';
      soft ||= renderStartedAt <= (this.softAt.get(tag) ?? Number.NEGATIVE_INFINITY);
    }
    return soft ? 'soft' : 'clean';
  }

  /** When one of the tags was last purged, epoch ms; -Infinity: never. */
  lastOf(tags: readonly string[]): number {
    if (tags.length === 0) return Number.NEGATIVE_INFINITY;
    let last = Math.max(this.forgottenSoftAt, this.forgottenHardAt);
    for (const tag of tags) last = Math.max(last, this.softAt.get(tag) ?? last, this.hardAt.get(tag) ?? last);
    return last;
  }

  /** When any tag was last purged, epoch ms; -Infinity: never. */
  get last(): number {
    return this.lastNotedAt;
  }
}
