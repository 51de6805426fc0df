import type { SiteJob } from '../admission/dispatcher.ts';
import type { Page } from '../cache/page.ts';
import type { Route } from '../routes.ts';
import type { Priority } from '../site.ts';
import type { PageVisitor } from './page-visitor.ts';

/** Why a page is rendered. */
export type RenderReason = 'miss' | 'refresh' | 'early' | 'main';

/** Visitors that may wait for one page. */
export const MAX_WAITERS = 1_000;

export interface Waiter {
  visitor: PageVisitor;
  /** What the visitor gets when the render fails or takes long. */
  fallback: Page | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** A page that is being rendered, or waits for its turn; and all who wait for it. */
export class PageFlight {
  readonly key: string;
  readonly route: Route;
  readonly reason: RenderReason;
  priority: Priority;
  job: SiteJob | undefined;
  /** This worker holds the lease of the page. */
  leased = false;
  /** What is rendered goes into memory and the store. */
  keep: boolean;
  /** Somebody waited in vain: whoever has a copy to fall back on does not wait for this render any more. */
  slow = false;
  ended = false;
  private readonly waiters = new Set<Waiter>();

  constructor(key: string, route: Route, reason: RenderReason, priority: Priority) {
    this.key = key;
    this.route = route;
    this.reason = reason;
    this.priority = priority;
    // A page that is missed is kept by the second-hit rule; all others were kept before.
    this.keep = reason !== 'miss';
  }

  /**
   * Lets a visitor wait for the page; false when it may not. With a copy to fall back on it waits `fallBackAfterMs` from
   * its arrival, else until its deadline.
   */
  join(visitor: PageVisitor, fallback: Page | undefined, fallBackAfterMs: number): boolean {
    if (this.ended || this.waiters.size >= MAX_WAITERS) return false;
    const waiter: Waiter = { visitor, fallback, timer: undefined };
    this.waiters.add(waiter);
    // In a surge of more important work a render may wait for long: the visitor need not, where there is a copy.
    const copyAt = fallback === undefined ? Number.POSITIVE_INFINITY : visitor.arrivedAt + fallBackAfterMs;
    const until = Math.min(visitor.deadlineAt, copyAt);
    if (until !== Number.POSITIVE_INFINITY) {
      waiter.timer = setTimeout(() => {
        this.slow = true;
        this.waiters.delete(waiter);
        fallBack(visitor, fallback);
      }, until - performance.now());
    }
    visitor.onGone(() => {
      clearTimeout(waiter.timer);
      this.waiters.delete(waiter);
    });
    return true;
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

/** Serves the last good copy, or the waiting page where there is none. */
export function fallBack(visitor: PageVisitor, copy: Page | undefined): void {
  if (copy !== undefined) visitor.servePage(copy, 'last_good');
  else visitor.refuse();
}
