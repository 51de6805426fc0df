import type { Page } from '../cache/page.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Priority } from '../site.ts';
import { TurnedAway } from './demand.ts';
import type { PageVisitor } from './page-visitor.ts';

/**
 * Why a visitor of a page gets neither the page nor a copy of it: its render found no room, too many pages are rendered
 * at once or it failed (`renders`), too many wait for it (`waiters`), or it took longer than the visitor has (`expired`).
 */
export type PageRefusal = 'renders' | 'waiters' | 'expired';

/** What visitors of pages get when they cannot wait, or have waited in vain; whoever is refused is counted. */
export class PageRefusals {
  /** Those of the last second, for the priority of the page's next render. */
  readonly turnedAway = new TurnedAway();
  private readonly recorder: Recorder;
  private readonly onRefusal: (priority: Priority) => void;
  private readonly afterPurges: (page: Page) => Page | undefined;

  /** `onRefusal`: somebody got no room. `afterPurges`: the page as it may be used by now, undefined: not at all. */
  constructor(
    recorder: Recorder,
    onRefusal: (priority: Priority) => void,
    afterPurges: (page: Page) => Page | undefined,
  ) {
    this.recorder = recorder;
    this.onRefusal = onRefusal;
    this.afterPurges = afterPurges;
  }

  /** The copy that there was for a visitor when he began to wait, unless it was taken back since. */
  stillGood(copy: Page | undefined): Page | undefined {
    return copy === undefined ? undefined : this.afterPurges(copy);
  }

  /** Serves the last good copy of a page, or the waiting page where there is none. */
  fallBack(key: string, visitor: PageVisitor, fallback: Page | undefined, why: PageRefusal): void {
    visitor.way?.refused(why);
    const copy = this.stillGood(fallback);
    if (copy !== undefined) {
      visitor.servePage(copy, 'last_good');
      return;
    }
    this.count(key, visitor.priority, why);
    visitor.refuse();
  }

  /** A visitor of a page is refused. */
  count(key: string, priority: Priority, why: PageRefusal): void {
    this.turnedAway.note(key);
    this.onRefusal(priority);
    this.recorder.count('tahan_refused_total', [priority, why, 'false']);
  }
}
