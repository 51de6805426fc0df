import type { SiteJob } from '../admission/job.ts';
import type { Flight } from '../admission/route-work.ts';
import type { Page } from '../cache/page.ts';
import type { Route } from '../routes.ts';
import type { Priority } from '../site.ts';
import type { PageRefusals } from './page-refusals.ts';
import type { PageVisitor } from './page-visitor.ts';

/** Why a page is rendered. */
export type RenderReason = 'miss' | 'refresh' | 'early' | 'main';

/** Visitors that may wait for one page. */
export const MAX_WAITERS = 1_000;

export interface Waiter {
  visitor: PageVisitor;
  /** What the visitor gets when the render fails or takes long. */
  fallback: Page | undefined;
  /** Since when the visitor waits, epoch ms: a render that began later is never too old for it. */
  since: number;
  timer: NodeJS.Timeout | undefined;
}

/** A page that is being rendered, or waits for its turn; and all who wait for it. */
export class PageFlight {
  readonly key: string;
  readonly route: Route;
  readonly reason: RenderReason;
  priority: Priority;
  job: SiteJob | undefined;
  /** Undefined until the site is at work on it. */
  flight: Flight | undefined;
  /** This worker holds the lease of the page. */
  leased = false;
  /** What is rendered goes into memory and the store. */
  store: boolean;
  /** Somebody waited in vain: whoever has a copy to fall back on does not wait for this render any more. */
  slow = false;
  /** When it turns out that the page was purged meanwhile, it is rendered once more, whether visitors wait or not. */
  renewIfPurged = false;
  ended = false;
  private readonly refusals: PageRefusals;
  private readonly waiters = new Set<Waiter>();

  constructor(key: string, route: Route, reason: RenderReason, priority: Priority, refusals: PageRefusals) {
    this.key = key;
    this.route = route;
    this.reason = reason;
    this.priority = priority;
    this.refusals = refusals;
    // A page that is missed is stored by the second-hit rule; all others were stored before.
    this.store = reason !== 'miss';
  }

  /** Undefined: it waits for its lease. */
  get queuedAt(): number | undefined {
    return this.job?.queuedAt;
  }

  /** How many wait. */
  get waiting(): number {
    return this.waiters.size;
  }

  /**
   * Lets a visitor wait for the page; without room, or when the render has ended, it gets the fallback. With a copy to
   * fall back on it waits `fallBackAfterMs` from its arrival, else until its deadline. `since`: epoch ms.
   */
  join(visitor: PageVisitor, fallback: Page | undefined, fallBackAfterMs: number, since = Date.now()): void {
    const { key, refusals, waiters } = this;
    if (this.ended || waiters.size >= MAX_WAITERS) {
      refusals.fallBack(key, visitor, fallback, this.ended ? 'renders' : 'waiters');
      return;
    }
    const waiter: Waiter = { visitor, fallback, since, timer: undefined };
    waiters.add(waiter);
    // In a surge of more important work a render may wait for long: the visitor need not, where there is a copy.
    const copyAt = fallback === undefined ? Number.POSITIVE_INFINITY : visitor.arrivedAt + fallBackAfterMs;
    const until = Math.min(visitor.deadlineAt, copyAt);
    if (until !== Number.POSITIVE_INFINITY) {
      waiter.timer = setTimeout(() => {
        this.slow = true;
        waiters.delete(waiter);
        refusals.fallBack(key, visitor, fallback, 'expired');
      }, until - performance.now());
    }
    visitor.onGone(() => {
      clearTimeout(waiter.timer);
      waiters.delete(waiter);
    });
  }

  /**
   * Takes out those who came after the page was purged, for whom a render that began before the purge is too old.
   * `startedAt`, `purgedAt`: epoch ms. What happened within the same ms counts as the worse order.
   */
  takeTooLate(startedAt: number, purgedAt: number): readonly Waiter[] {
    if (startedAt > purgedAt) return [];
    const late = [...this.waiters].filter(({ since }) => since >= purgedAt && since >= startedAt);
    for (const waiter of late) {
      clearTimeout(waiter.timer);
      this.waiters.delete(waiter);
    }
    return late;
  }

  /** Answers all who wait. */
  settle(answer: (waiter: Waiter) => void): void {
    for (const waiter of this.waiters) {
      clearTimeout(waiter.timer);
      answer(waiter);
    }
    this.waiters.clear();
  }
}
