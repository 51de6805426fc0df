import { outcomeOf } from '../metrics/outcome.ts';
import type { TailEntry } from './entry.ts';
import { entryOf, type Watched } from './entry-of.ts';
import { FairShare } from './fair-share.ts';
import { MAX_BATCH, MAX_PER_SECOND } from './limits.ts';

/** The requests of a worker that an operator watches as they are answered. While nobody does, it is a boolean. */
export class Tail {
  open = false;
  private readonly share = new FairShare(MAX_PER_SECOND);
  private readonly onFirst: () => void;
  private kept: TailEntry[] = [];
  private ending: NodeJS.Timeout | undefined;

  /** `onFirst`: there will be something to take. */
  constructor(onFirst: () => void = () => {}) {
    this.onFirst = onFirst;
  }

  /** Somebody watches, for so long from now on; 0: nobody any more. */
  watch(forMs: number, perSecond: number): void {
    clearTimeout(this.ending);
    this.share.perSecond = perSecond;
    this.open = forMs > 0;
    if (!this.open) return;
    this.ending = setTimeout(() => {
      this.open = false;
    }, forMs).unref();
  }

  /** A request was answered. */
  note(watched: Watched): void {
    const outcome = outcomeOf(watched.status, watched.use);
    if (outcome === undefined || this.kept.length >= MAX_BATCH) return;
    const now = performance.now();
    if (!this.share.takes(`${outcome} ${watched.status} ${watched.route}`, now)) return;
    if (this.kept.length === 0) this.onFirst();
    this.kept.push(entryOf(watched, outcome, now, Date.now()));
  }

  /** What was noted since the last call, as text; undefined: nothing. */
  take(): string | undefined {
    if (this.kept.length === 0) return undefined;
    const text = JSON.stringify(this.kept);
    this.kept = [];
    return text;
  }
}
