/** Kinds of requests that are told apart; with more the oldest is forgotten. */
export const MAX_KINDS = 64;
/** A kind that was not seen for so long has no share any more, ms. */
const FORGET_MS = 2_000;
/** Of what may be told the shares leave a part free, so that a kind that is seldom seen finds room when it comes. */
const SHARED = 0.8;
/** So many may be told at once. */
export const BURST = 4;

/**
 * Chooses which requests are told: at most so many a second, and of each kind as many as of any other. So a failure among
 * thousands of cached pages is seen, without a word of the one who watches on what to look for. Times ms, monotonic.
 */
export class FairShare {
  perSecond: number;
  private left = BURST;
  private leftAt = Number.NEGATIVE_INFINITY;
  /** By kind: from when on it may be told again. */
  private readonly due = new Map<string, number>();

  constructor(perSecond: number) {
    this.perSecond = perSecond;
  }

  takes(kind: string, now: number): boolean {
    if (now < (this.due.get(kind) ?? 0)) return false;
    this.left = Math.min(BURST, this.left + ((now - this.leftAt) * this.perSecond) / 1_000);
    this.leftAt = now;
    if (this.left < 1) return false;
    this.left -= 1;
    this.due.delete(kind);
    for (const [old, until] of this.due) if (until < now - FORGET_MS) this.due.delete(old);
    this.due.set(kind, now + (1_000 * (this.due.size + 1)) / (SHARED * this.perSecond));
    if (this.due.size > MAX_KINDS) this.due.delete(this.due.keys().next().value!);
    return true;
  }

  /** Kinds that have a share. */
  get kinds(): number {
    return this.due.size;
  }
}
