import type { Freshness } from '../cache/freshness.ts';
import type { Rendered } from '../cache/make-page.ts';
import type { Page } from '../cache/page.ts';
import type { CacheOutcome } from '../cache/wire.ts';
import type { Route } from '../routes.ts';
import type { Priority } from '../site.ts';
import type { Way } from '../tail/way.ts';

/** A visitor who asks for a page, as the pages see one. Times on the clock of `performance.now()`, ms. */
export interface PageVisitor {
  readonly priority: Priority;
  readonly arrivedAt: number;
  /** Infinity: none. */
  readonly deadlineAt: number;
  /** Where an operator watches: the marks of its way. */
  readonly way?: Way | undefined;
  /** Whether the request carries one of these headers (lower case); `*`: always. */
  sendsOneOf(names: readonly string[]): boolean;
  servePage(page: Page, outcome: CacheOutcome): void;
  /** Passes on what the site answered, where it is not kept. */
  relay(rendered: Rendered): void;
  /** Answers with the waiting page. */
  refuse(): void;
  /** Lets the site answer, for this visitor only. */
  askSite(): void;
  /** The listener is called once, when the answer is out or the visitor has left. */
  onGone(listener: () => void): void;
}

/** Which page is asked for, and the copy that there is of it. */
export interface PageQuestion {
  readonly key: string;
  readonly route: Route;
  /** Undefined: there is none that may be served. */
  readonly copy: Page | undefined;
  /** Of the copy; `dead` without one. */
  readonly freshness: Freshness;
}
