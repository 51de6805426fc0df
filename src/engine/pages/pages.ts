import { rank } from '../admission/queue.ts';
import { freshness, xfetchDue } from '../cache/freshness.ts';
import type { Page } from '../cache/page.ts';
import type { Serving } from '../cache/wire.ts';
import type { Visitor } from '../request/arrival.ts';
import type { Route } from '../routes.ts';
import type { Priority } from '../site.ts';
import { type RenderingParts, Renderings, type RenderReason } from './flights.ts';

export interface PagesParts extends RenderingParts {
  keyOf: (visitor: Visitor) => string | undefined;
  onLookup: (result: 'fresh' | 'revalidate' | 'last_good' | 'miss' | 'store' | 'pass') => void;
}

type Decision =
  | { found: 'fresh' | 'revalidate' | 'last_good'; page: Page; serving: Serving }
  /** `page`: what to fall back on. */
  | { found: 'last_good' | 'miss' | 'pass'; page: Page | undefined; serving: undefined };

const PASS: Decision = { found: 'pass', page: undefined, serving: undefined };

/** The page cache of a worker at work: who gets which copy, who waits for a render, and when one is begun. */
export class Pages {
  private readonly parts: PagesParts;
  private readonly renderings: Renderings;

  constructor(parts: PagesParts) {
    this.parts = parts;
    this.renderings = new Renderings(parts);
  }

  answer(visitor: Visitor): void {
    const { parts } = this;
    const key = parts.keyOf(visitor);
    const decision = key === undefined ? PASS : this.decide(key, visitor.route, visitor.priority, true);
    parts.onLookup(decision.found);
    if (decision.serving !== undefined) parts.serve(visitor, decision.page, decision.serving);
    else if (decision.found === 'pass') parts.direct(visitor);
    else this.wait(visitor, key!, decision.page);
  }

  /** A copy that can be served at once from memory, for a visitor of whom only the key is known. */
  quick(key: string, route: Route): { page: Page; serving: Serving } | undefined {
    const decision = this.decide(key, route, 'low', false);
    if (decision.serving === undefined) return undefined;
    this.parts.onLookup(decision.found);
    return decision;
  }

  /** Serves the anonymous copy, whatever its age; false when there is none. */
  serveLastGood(visitor: Visitor): boolean {
    const key = this.parts.keyOf(visitor);
    const page = key === undefined ? undefined : this.find(key);
    if (page === undefined || freshness(page, Date.now()) === 'dead') return false;
    this.parts.serve(visitor, page, 'last_good');
    return true;
  }

  /** Renders a page behind the visitors' backs, unless that is under way or was just refused. */
  refresh(key: string, route: Route, reason: RenderReason, priority: Priority): void {
    const { renderings } = this;
    if (renderings.get(key) !== undefined || renderings.pauses.has(key)) return;
    if (this.wouldRefuse(route, priority)) renderings.pauses.add(key);
    else renderings.begin(key, route, reason, priority);
  }

  /** Another worker waits for a page that is rendered here. */
  wantedElsewhere(key: string): void {
    const rendering = this.renderings.get(key);
    if (rendering !== undefined) rendering.wanted = true;
  }

  /**
   * Renders a page now, past the gate, and keeps it where it may be kept.
   * @throws {RenderError | DeadlineError}
   */
  async renderNow(key: string, route: Route): Promise<{ status: number; page: Page | undefined }> {
    const { renderings } = this;
    const rendered = await renderings.renderOnce(key, route, 'critical');
    return { status: rendered.status, page: route.cacheable ? renderings.keep(key, route, rendered, true) : undefined };
  }

  /**
   * Renders a page and keeps nothing.
   * @throws {RenderError | DeadlineError}
   */
  async rehearse(key: string, route: Route): Promise<void> {
    await this.renderings.renderOnce(key, route, 'background');
  }

  /** What to do for a visitor: serve a copy, pass the site, or wait for a render (with what to fall back on). Begins a refresh where one is due. */
  private decide(key: string, route: Route, priority: Priority, store: boolean): Decision {
    if (this.renderings.passes.has(key)) return PASS;
    const now = Date.now();
    const page = store ? this.find(key) : this.parts.memory.get(key);
    if (page === undefined) return { found: 'miss', page: undefined, serving: undefined };
    switch (freshness(page, now)) {
      case 'fresh':
        if (xfetchDue(page, now, Math.random())) this.refresh(key, route, 'early', 'background');
        return { found: 'fresh', page, serving: 'fresh' };
      case 'revalidate':
        this.refresh(key, route, 'refresh', 'background');
        return { found: 'revalidate', page, serving: 'revalidate' };
      case 'lastGood':
        return {
          found: 'last_good',
          page,
          ...(!this.renderings.pauses.has(key) && this.hasRoom(key, route, priority)
            ? { serving: undefined }
            : { serving: 'last_good' }),
        };
      case 'dead':
        return { found: 'miss', page: undefined, serving: undefined };
    }
  }

  /** Whether a visitor may wait for a render of the page: one is under way, or may be begun. */
  private hasRoom(key: string, route: Route, priority: Priority): boolean {
    const rendering = this.renderings.get(key);
    if (rendering !== undefined) return !rendering.slow;
    return !this.renderings.full && !this.wouldRefuse(route, priority);
  }

  private wouldRefuse(route: Route, priority: Priority): boolean {
    return this.parts.dispatcher.wouldRefuse({ priority, costMs: this.parts.works[route.index]!.costMs });
  }

  private find(key: string): Page | undefined {
    const { memory, onLookup } = this.parts;
    const page = memory.get(key);
    if (page !== undefined) return page;
    const stored = this.renderings.stored(key);
    if (stored !== undefined) {
      onLookup('store');
      memory.set(stored);
    }
    return stored;
  }

  /** Lets a visitor wait for the page; in need it gets `fallback`. */
  private wait(visitor: Visitor, key: string, fallback: Page | undefined): void {
    const { renderings } = this;
    const { route, priority } = visitor;
    let rendering = renderings.get(key);
    if (rendering !== undefined) {
      if (rank(priority) < rank(rendering.priority)) renderings.raise(rendering, priority);
    } else if (this.hasRoom(key, route, priority)) {
      rendering = renderings.begin(key, route, fallback === undefined ? 'miss' : 'refresh', priority);
    } else {
      renderings.giveUp(visitor, fallback);
      return;
    }
    renderings.join(rendering, visitor, fallback);
  }
}
