import type { BlockList } from 'node:net';
import type { Dispatcher, SiteJob } from '../admission/dispatcher.ts';
import type { RouteWork } from '../admission/route-work.ts';
import { freshness, sharing } from '../cache/freshness.ts';
import { renderTarget } from '../cache/key.ts';
import { KeysForATime } from '../cache/keys-for-a-time.ts';
import { makePage, type Rendered } from '../cache/make-page.ts';
import type { PageMemory } from '../cache/memory.ts';
import type { Page } from '../cache/page.ts';
import type { SecondHit } from '../cache/second-hit.ts';
import type { Serving } from '../cache/wire.ts';
import type { Visitor } from '../request/arrival.ts';
import { DeadlineError, Visit } from '../request/visit.ts';
import type { Route } from '../routes.ts';
import type { Priority, Site } from '../site.ts';
import type { LeaseDesk } from './leases.ts';
import { render } from './render.ts';

export interface RenderingParts {
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
}

export type RenderReason = 'miss' | 'refresh' | 'early' | 'main';

interface Waiter {
  visitor: Visitor;
  fallback: Page | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** A page that is being rendered, or waits for its turn. */
export interface Rendering {
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

/** The pages that a worker renders: one render for all who wait, and one for all workers. */
export class Renderings {
  /** Pages that turned out private. */
  readonly passes = new KeysForATime(PASS_MS, MAX_PASSES);
  /** Pages for which a try was just refused or failed: who has a copy to give gives it. */
  readonly pauses = new KeysForATime(REFRESH_PAUSE_MS, MAX_PAUSES);
  private readonly parts: RenderingParts;
  private readonly byKey = new Map<string, Rendering>();

  constructor(parts: RenderingParts) {
    this.parts = parts;
  }

  /** The render of a page that is under way. */
  get(key: string): Rendering | undefined {
    return this.byKey.get(key);
  }

  /** No other page may be rendered now. */
  get full(): boolean {
    return this.byKey.size >= MAX_RENDERINGS;
  }

  /** Begins to render a page, which may be refused at once: then it is `ended`. */
  begin(key: string, route: Route, reason: RenderReason, priority: Priority): Rendering {
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
    this.byKey.set(key, rendering);
    if (this.parts.leases.needed) void this.lease(rendering);
    else this.offer(rendering);
    return rendering;
  }

  /** Lets a visitor wait for the page; in need it gets `fallback`. */
  join(rendering: Rendering, visitor: Visitor, fallback: Page | undefined): void {
    if (rendering.ended || rendering.waiters.size >= MAX_WAITERS) {
      this.giveUp(visitor, fallback);
      return;
    }
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
        this.giveUp(visitor, fallback);
      }, until - performance.now());
    }
    visitor.response.once('close', () => {
      clearTimeout(waiter.timer);
      rendering.waiters.delete(waiter);
    });
  }

  /** The last good copy, or the waiting page. */
  giveUp(visitor: Visitor, fallback: Page | undefined): void {
    if (fallback !== undefined) this.parts.serve(visitor, fallback, 'last_good');
    else this.parts.turnAway(visitor);
  }

  /** A queued background render for which visitors now wait moves up to their priority. */
  raise(rendering: Rendering, priority: Priority): void {
    rendering.priority = priority;
    const job = rendering.job;
    if (job === undefined || !this.parts.dispatcher.queue.has(job)) return;
    this.parts.dispatcher.cancel(job);
    this.offer(rendering);
  }

  /** @throws {RenderError | DeadlineError} */
  async renderOnce(key: string, route: Route, priority: Priority): Promise<Rendered> {
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
  keep(key: string, route: Route, rendered: Rendered, wanted: boolean): Page | undefined {
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

  /** The stored copy, less what was purged since it was rendered. */
  stored(key: string): Page | undefined {
    const stored = this.parts.store.read(key);
    return stored === undefined ? undefined : this.parts.memory.afterPurges(stored);
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
    const work = this.parts.works[rendering.route.index]!;
    const now = performance.now();
    const job: SiteJob = {
      priority: rendering.priority,
      costMs: work.costMs,
      queuedAt: now,
      deadlineAt: now + deadlineMs,
      cancelled: false,
      work,
      run: () => this.run(rendering),
      refuse: () => this.abandon(rendering),
    };
    rendering.job = job;
    if (dispatcher.offer(job) !== undefined) this.abandon(rendering);
  }

  /** Nothing came of it, and nothing will for a moment: who waits gets what there is. */
  private abandon(rendering: Rendering): void {
    this.pauses.add(rendering.key);
    this.end(rendering, false);
    this.settle(rendering, ({ visitor, fallback }) => this.giveUp(visitor, fallback));
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
      this.abandon(rendering);
      return error instanceof DeadlineError ? 'dropped' : 'done';
    }
    const page = this.keep(key, route, rendered, rendering.wanted);
    this.end(rendering, page !== undefined);
    if (page !== undefined) {
      this.settle(rendering, (waiter) => parts.serve(waiter.visitor, page, 'miss'));
    } else if (sharing(rendered.status, rendered.headers) === 'private') {
      this.passes.add(key);
      this.settle(rendering, (waiter) => parts.direct(waiter.visitor));
    } else {
      if (rendered.status >= 500) this.pauses.add(key);
      this.settle(rendering, ({ visitor, fallback }) => {
        if (rendered.status >= 500 && fallback !== undefined) this.giveUp(visitor, fallback);
        else parts.relay(visitor, rendered);
      });
    }
    return 'done';
  }

  private end(rendering: Rendering, stored: boolean): void {
    const { leases, store } = this.parts;
    rendering.ended = true;
    this.byKey.delete(rendering.key);
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
