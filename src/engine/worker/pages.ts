import type { BlockList } from 'node:net';
import type { Route } from '../answer/routes.ts';
import { freshness, sharing, xfetchDue } from '../cache/freshness.ts';
import { renderTarget } from '../cache/key.ts';
import { makePage, type Rendered } from '../cache/make-page.ts';
import type { PageMemory } from '../cache/memory.ts';
import type { Page } from '../cache/page.ts';
import type { SecondHit } from '../cache/second-hit.ts';
import type { Serving } from '../cache/wire.ts';
import type { Priority, Site } from '../site.ts';
import type { Visitor } from './arrival.ts';
import type { Dispatcher, SiteJob } from './dispatcher.ts';
import type { LeaseDesk } from './lease-desk.ts';
import { rank } from './queue.ts';
import { render } from './render.ts';
import type { RouteWork } from './route-work.ts';
import { DeadlineError, Visit } from './visit.ts';

export interface PagesParts {
  site: Site;
  dispatcher: Dispatcher;
  works: readonly RouteWork[];
  memory: PageMemory;
  secondHit: SecondHit;
  store: { read: (key: string) => Page | undefined; put: (page: Page) => void; flush: () => Promise<void> };
  leases: LeaseDesk;
  trusted: BlockList;
  deadlineMs: number;
  sieMs: number;
  /** How long a visitor waits for a render where there is a last good copy, ms. */
  lastGoodAfterMs: number;
  keyOf: (visitor: Visitor) => string | undefined;
  /** Writes a page to a visitor and records it. */
  serve: (visitor: Visitor, page: Page, serving: Serving) => void;
  /** Writes what the site answered, where it is not kept. */
  relay: (visitor: Visitor, rendered: Rendered) => void;
  /** The waiting page. */
  turnAway: (visitor: Visitor) => void;
  /** The site answers this visitor alone. */
  direct: (visitor: Visitor) => void;
  onRender: (reason: RenderReason) => void;
  onRenderError: (error: unknown) => void;
  onLookup: (result: 'fresh' | 'revalidate' | 'last_good' | 'miss' | 'store' | 'pass') => void;
}

export type RenderReason = 'miss' | 'refresh' | 'early' | 'main';

type Decision =
  | { found: 'fresh' | 'revalidate' | 'last_good'; page: Page; serving: Serving }
  /** `page`: what to fall back on. */
  | { found: 'last_good' | 'miss' | 'pass'; page: Page | undefined; serving: undefined };

const PASS: Decision = { found: 'pass', page: undefined, serving: undefined };

interface Waiter {
  visitor: Visitor;
  fallback: Page | undefined;
  timer: NodeJS.Timeout | undefined;
}

interface Rendering {
  key: string;
  route: Route;
  priority: Priority;
  reason: RenderReason;
  waiters: Set<Waiter>;
  job: SiteJob | undefined;
  leased: boolean;
  /** Asked for more than once: the copy may be kept (second-hit rule). */
  wanted: boolean;
  /** Somebody waited in vain: who has a copy to give does not wait for it any more. */
  slow: boolean;
  ended: boolean;
}

/** Visitors that may wait for one page, and pages that may be rendered or asked for at once. */
const MAX_WAITERS = 1_000;
const MAX_RENDERINGS = 1_000;
/** How long a page that turned out private is passed to the site without coalescing (Varnish: hit-for-miss). */
const PASS_MS = 10_000;
const MAX_PASSES = 1_000;
/** After a refused or failed refresh of a page, the next try waits this long. */
const REFRESH_PAUSE_MS = 100;
const MAX_PAUSES = 10_000;

/** The page cache of a worker at work: who gets which copy, who waits for a render, and when one is begun. */
export class Pages {
  private readonly parts: PagesParts;
  private readonly renderings = new Map<string, Rendering>();
  private readonly passes = new Map<string, number>();
  private readonly pauses = new Map<string, number>();

  constructor(parts: PagesParts) {
    this.parts = parts;
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

  /** What to do for a visitor: serve a copy, pass the site, or wait for a render (with what to fall back on). Begins a refresh where one is due. */
  private decide(key: string, route: Route, priority: Priority, store: boolean): Decision {
    if (this.isPassed(key)) return PASS;
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
          ...(!this.isPaused(key) && this.hasRoom(key, route, priority)
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
    if (this.renderings.size >= MAX_RENDERINGS) return false;
    return !this.parts.dispatcher.wouldRefuse({ priority, costMs: this.workOf(route).costMs });
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
    if (this.renderings.has(key)) return;
    if (this.isPaused(key)) return;
    if (this.parts.dispatcher.wouldRefuse({ priority, costMs: this.workOf(route).costMs })) {
      this.pause(key);
      return;
    }
    this.begin(key, route, reason, priority);
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
    const rendered = await this.renderOnce(key, route, 'critical');
    return { status: rendered.status, page: route.cacheable ? this.keep(key, route, rendered, true) : undefined };
  }

  /**
   * Renders a page and keeps nothing.
   * @throws {RenderError | DeadlineError}
   */
  async rehearse(key: string, route: Route): Promise<void> {
    await this.renderOnce(key, route, 'background');
  }

  private find(key: string): Page | undefined {
    const { memory, onLookup } = this.parts;
    const page = memory.get(key);
    if (page !== undefined) return page;
    const stored = this.stored(key);
    if (stored !== undefined) {
      onLookup('store');
      memory.set(stored);
    }
    return stored;
  }

  /** The stored copy, less what was purged since it was rendered. */
  private stored(key: string): Page | undefined {
    const stored = this.parts.store.read(key);
    return stored === undefined ? undefined : this.parts.memory.afterPurges(stored);
  }

  private isPassed(key: string): boolean {
    if (this.passes.size === 0) return false;
    const until = this.passes.get(key);
    if (until === undefined) return false;
    if (until > performance.now()) return true;
    this.passes.delete(key);
    return false;
  }

  /** A try for the page was just refused or failed; who has a copy to give gives it. */
  private isPaused(key: string): boolean {
    const until = this.pauses.get(key);
    if (until === undefined) return false;
    if (until > performance.now()) return true;
    this.pauses.delete(key);
    return false;
  }

  private pause(key: string): void {
    if (this.pauses.size >= MAX_PAUSES) this.pauses.clear();
    this.pauses.set(key, performance.now() + REFRESH_PAUSE_MS);
  }

  private workOf(route: Route): RouteWork {
    return this.parts.works[route.index]!;
  }

  /** Lets a visitor wait for the page; in need it gets `fallback`. */
  private wait(visitor: Visitor, key: string, fallback: Page | undefined): void {
    let rendering = this.renderings.get(key);
    if (rendering === undefined) {
      if (!this.hasRoom(key, visitor.route, visitor.priority)) {
        this.giveUp({ visitor, fallback, timer: undefined });
        return;
      }
      rendering = this.begin(key, visitor.route, fallback === undefined ? 'miss' : 'refresh', visitor.priority);
    } else if (rank(visitor.priority) < rank(rendering.priority)) {
      this.raise(rendering, visitor.priority);
    }
    // begin() may have been refused at once: then nothing is left to wait for.
    if (rendering.ended || rendering.waiters.size >= MAX_WAITERS) {
      this.giveUp({ visitor, fallback, timer: undefined });
      return;
    }
    this.join(rendering, visitor, fallback);
  }

  private join(rendering: Rendering, visitor: Visitor, fallback: Page | undefined): void {
    const waiter: Waiter = { visitor, fallback, timer: undefined };
    rendering.waiters.add(waiter);
    if (this.parts.secondHit.admits(rendering.key)) rendering.wanted = true;
    // In a surge of more important work a render may wait for long: the visitor need not, where there is a copy.
    const copyAt = fallback === undefined ? Number.POSITIVE_INFINITY : visitor.arrivedAt + this.parts.lastGoodAfterMs;
    const until = Math.min(visitor.deadlineAt, copyAt);
    if (until !== Number.POSITIVE_INFINITY) {
      waiter.timer = setTimeout(() => {
        rendering.slow = true;
        rendering.waiters.delete(waiter);
        this.giveUp(waiter);
      }, until - performance.now());
    }
    visitor.response.once('close', () => {
      clearTimeout(waiter.timer);
      rendering.waiters.delete(waiter);
    });
  }

  private giveUp({ visitor, fallback, timer }: Waiter): void {
    clearTimeout(timer);
    if (fallback !== undefined) this.parts.serve(visitor, fallback, 'last_good');
    else this.parts.turnAway(visitor);
  }

  private begin(key: string, route: Route, reason: RenderReason, priority: Priority): Rendering {
    const rendering: Rendering = {
      key,
      route,
      priority,
      reason,
      waiters: new Set(),
      job: undefined,
      leased: false,
      wanted: reason !== 'miss',
      slow: false,
      ended: false,
    };
    this.renderings.set(key, rendering);
    if (this.parts.leases.needed) void this.lease(rendering);
    else this.offer(rendering);
    return rendering;
  }

  /** Asks to be the one that renders; when another worker is, waits for its copy in the store. */
  private async lease(rendering: Rendering): Promise<void> {
    const { leases, memory } = this.parts;
    rendering.leased = await leases.ask(rendering.key);
    const stored = this.stored(rendering.key);
    if (stored !== undefined && freshness(stored, Date.now()) === 'fresh') {
      memory.set(stored);
      this.end(rendering, false);
      this.settle(rendering, (waiter) => this.parts.serve(waiter.visitor, stored, 'fresh'));
      return;
    }
    this.offer(rendering);
  }

  private offer(rendering: Rendering): void {
    const { dispatcher, deadlineMs } = this.parts;
    const work = this.workOf(rendering.route);
    const now = performance.now();
    const job: SiteJob = {
      priority: rendering.priority,
      costMs: work.costMs,
      queuedAt: now,
      deadlineAt: now + deadlineMs,
      cancelled: false,
      work,
      run: () => this.run(rendering),
      refuse: () => this.refused(rendering),
    };
    rendering.job = job;
    if (dispatcher.offer(job) !== undefined) this.refused(rendering);
  }

  /** A queued background render for which visitors now wait moves up to their priority. */
  private raise(rendering: Rendering, priority: Priority): void {
    rendering.priority = priority;
    const job = rendering.job;
    if (job === undefined || !this.parts.dispatcher.queue.has(job)) return;
    this.parts.dispatcher.cancel(job);
    this.offer(rendering);
  }

  private refused(rendering: Rendering): void {
    this.pause(rendering.key);
    this.end(rendering, false);
    this.settle(rendering, (waiter) => this.giveUp(waiter));
  }

  private async run(rendering: Rendering): Promise<'done' | 'dropped'> {
    const { parts } = this;
    const { key, route } = rendering;
    parts.onRender(rendering.reason);
    let rendered: Rendered;
    try {
      rendered = await this.renderOnce(key, route, rendering.priority);
    } catch (error) {
      parts.onRenderError(error);
      this.pause(key);
      this.end(rendering, false);
      this.settle(rendering, (waiter) => this.giveUp(waiter));
      return error instanceof DeadlineError ? 'dropped' : 'done';
    }
    const page = this.keep(key, route, rendered, rendering.wanted);
    this.end(rendering, page !== undefined);
    if (page !== undefined) {
      this.settle(rendering, (waiter) => parts.serve(waiter.visitor, page, 'miss'));
    } else if (sharing(rendered.status, rendered.headers) === 'private') {
      if (this.passes.size >= MAX_PASSES) this.passes.clear();
      this.passes.set(key, performance.now() + PASS_MS);
      this.settle(rendering, (waiter) => parts.direct(waiter.visitor));
    } else {
      if (rendered.status >= 500) this.pause(key);
      this.settle(rendering, (waiter) => {
        if (rendered.status >= 500 && waiter.fallback !== undefined) this.giveUp(waiter);
        else parts.relay(waiter.visitor, rendered);
      });
    }
    return 'done';
  }

  /** @throws {RenderError | DeadlineError} */
  private async renderOnce(key: string, route: Route, priority: Priority): Promise<Rendered> {
    const { site, trusted, deadlineMs } = this.parts;
    const withinMs = route.policy.deadlineMs ?? deadlineMs;
    let visit: Visit | undefined;
    const expiry = Promise.withResolvers<never>();
    const expire = (): void => {
      const error = new DeadlineError();
      visit?.abort(error);
      expiry.reject(error);
    };
    // 0: none.
    const timer = withinMs === 0 ? undefined : setTimeout(expire, withinMs);
    try {
      const answer = render(site, renderTarget(key), (request) => {
        const deadlineAt = withinMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + withinMs;
        visit = new Visit(request, priority, deadlineAt, trusted);
      });
      return await Promise.race([answer, expiry.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Puts what was rendered into memory and the store, where it may be kept. */
  private keep(key: string, route: Route, rendered: Rendered, wanted: boolean): Page | undefined {
    const { memory, store, sieMs } = this.parts;
    const made = makePage(key, route.policy.cache!, rendered, sieMs, Math.random());
    const page = made === undefined ? undefined : memory.afterPurges(made);
    if (page === undefined) return undefined;
    if (wanted) {
      memory.set(page);
      store.put(page);
    }
    return page;
  }

  private end(rendering: Rendering, stored: boolean): void {
    const { leases, store } = this.parts;
    rendering.ended = true;
    this.renderings.delete(rendering.key);
    if (!rendering.leased) return;
    if (stored) void store.flush().then(() => leases.release(rendering.key, true));
    else leases.release(rendering.key, false);
  }

  private settle(rendering: Rendering, how: (waiter: Waiter) => void): void {
    for (const waiter of rendering.waiters) {
      clearTimeout(waiter.timer);
      how(waiter);
    }
    rendering.waiters.clear();
  }
}
