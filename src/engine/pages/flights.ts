import { Deadline } from '../admission/deadline.ts';
import type { Dispatcher } from '../admission/dispatcher.ts';
import { rank, type SiteJob } from '../admission/job.ts';
import type { Flight, RouteWork } from '../admission/route-work.ts';
import { freshness } from '../cache/freshness.ts';
import { KeysForATime } from '../cache/keys-for-a-time.ts';
import { pageTags, type Rendered, tagsOf } from '../cache/make-page.ts';
import type { Page } from '../cache/page.ts';
import { SecondHit } from '../cache/second-hit.ts';
import { dependsOn, pageDependsOn, type Sharing, sharing } from '../cache/sharing.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { DeadlineError } from '../request-info.ts';
import type { Route } from '../routes.ts';
import type { Priority } from '../site.ts';
import type { Copies } from './copies.ts';
import { PageFlight, type RenderReason, type Waiter } from './flight.ts';
import type { LeaseClient } from './leases.ts';
import type { PageRefusals } from './page-refusals.ts';
import type { PageVisitor } from './page-visitor.ts';
import { Passes } from './passes.ts';
import type { Renderer } from './renderer.ts';

export interface FlightsParts {
  renderer: Renderer;
  copies: Copies;
  leases: LeaseClient;
  refusals: PageRefusals;
  dispatcher: Dispatcher;
  /** By index of the route. */
  works: readonly RouteWork[];
  recorder: Recorder;
  /** How long a visitor waits for a render where there is a last good copy, ms. */
  lastGoodAfterMs: number;
  onRenderError: (error: unknown) => void;
}

/** Pages that may be rendered or asked for at once. */
export const MAX_FLIGHTS = 1_000;
/** After a refused or failed refresh of a page, the next try waits this long. */
const REFRESH_PAUSE_MS = 100;
const MAX_PAUSES = 10_000;
const COOKIE = ['cookie'];

/** The pages that a worker renders: one render for all who wait, one for all workers, and its way through the queue. */
export class Flights {
  /** Pages that turned out not to be the same for all. */
  readonly passes: Passes;
  /** Pages for which a try was just refused or failed: whoever has a copy to give gives it. */
  readonly pauses = new KeysForATime(REFRESH_PAUSE_MS, MAX_PAUSES);
  private readonly parts: FlightsParts;
  private readonly secondHit = new SecondHit();
  private readonly byKey = new Map<string, PageFlight>();

  constructor(parts: FlightsParts) {
    this.parts = parts;
    this.passes = new Passes(parts.copies.lastPurge);
  }

  /** The render of a page that is under way. */
  get(key: string): PageFlight | undefined {
    return this.byKey.get(key);
  }

  /** No other page may be rendered now. */
  get full(): boolean {
    return this.byKey.size >= MAX_FLIGHTS;
  }

  /** Begins to render a page, which may be refused at once: then it is `ended`. */
  begin(key: string, route: Route, reason: RenderReason, priority: Priority): PageFlight {
    const flight = new PageFlight(key, route, reason, priority, this.parts.refusals);
    this.byKey.set(key, flight);
    if (this.parts.leases.needed) void this.lease(flight);
    else this.offer(flight);
    return flight;
  }

  /** Lets a visitor wait for the page; `fallback` is for when the render fails or takes long. */
  join(flight: PageFlight, visitor: PageVisitor, fallback: Page | undefined): void {
    if (visitor.way !== undefined) visitor.way.work = flight;
    flight.join(visitor, fallback, this.parts.lastGoodAfterMs);
    if (!flight.ended && this.secondHit.admits(flight.key)) flight.store = true;
  }

  /** A render goes on as one of a higher priority, also while it waits for its turn. */
  raise(flight: PageFlight, priority: Priority): void {
    if (rank(priority) >= rank(flight.priority)) return;
    flight.priority = priority;
    if (flight.job !== undefined) this.parts.dispatcher.reprioritise(flight.job, priority);
  }

  /** Asks to be the one that renders; when another worker is, waits for its copy in the store. */
  private async lease(flight: PageFlight): Promise<void> {
    const { leases, copies } = this.parts;
    flight.leased = await leases.ask(flight.key);
    const stored = copies.inStore(flight.key);
    if (stored !== undefined && freshness(stored, Date.now()) === 'fresh') {
      copies.adopt(stored);
      this.end(flight, false);
      flight.settle(({ visitor }) => visitor.servePage(stored, 'fresh'));
      return;
    }
    this.offer(flight);
  }

  private offer(flight: PageFlight): void {
    const { dispatcher, works } = this.parts;
    const work = works[flight.route.index]!;
    const now = performance.now();
    const deadline = new Deadline(now);
    const job: SiteJob = {
      priority: flight.priority,
      costMs: work.costMs,
      kind: work,
      queuedAt: now,
      // It waits for its turn as long as its visitors would.
      get deadlineAt() {
        return deadline.at(dispatcher.gate.withinMs({}));
      },
      boundMs: 0,
      work,
      run: (onWay) => this.run(flight, onWay),
      refuse: () => this.fail(flight),
    };
    flight.job = job;
    if (dispatcher.offer(job) !== undefined) this.fail(flight);
  }

  private async run(flight: PageFlight, onWay: Flight): Promise<'done' | 'dropped'> {
    const { renderer, copies, recorder, onRenderError } = this.parts;
    const { key, route } = flight;
    flight.flight = onWay;
    recorder.count('tahan_cache_renders_total', [flight.reason]);
    let rendered: Rendered;
    try {
      rendered = await renderer.render(key, route, flight.priority, onWay);
    } catch (error) {
      onRenderError(error);
      this.fail(flight);
      return error instanceof DeadlineError ? 'dropped' : 'done';
    }
    const page = copies.take(key, route, rendered, flight.store);
    // A purged copy helps no other worker, nor does one that is not stored: each that waits for it renders the page itself.
    this.end(flight, page?.status === 200 && !page.purged);
    // A failure is no content, and what is private is asked for by each alone: neither can be too old.
    const content = page !== undefined || (rendered.status < 500 && sharingOf(rendered, route) !== 'private');
    const purgedAt = content ? copies.purgedAt(key, route, rendered) : Number.NEGATIVE_INFINITY;
    const late = flight.takeTooLate(rendered.renderStartedAt, purgedAt);
    if (page !== undefined) settleStored(flight, page);
    else this.settleUnstored(flight, rendered);
    if (late.length > 0 || (flight.renewIfPurged && purgedAt >= rendered.renderStartedAt))
      this.renderAgain(flight, late);
    return 'done';
  }

  /** The page was purged while it was rendered: those who came after the purge wait for one new render. */
  private renderAgain(
    { key, route, reason, priority, store, renewIfPurged }: PageFlight,
    late: readonly Waiter[],
  ): void {
    const flight = this.byKey.get(key) ?? this.begin(key, route, reason, priority);
    flight.store ||= store || renewIfPurged;
    // It begins after all of them came: whatever is purged from here on, it is not too old for them.
    for (const { visitor, fallback } of late)
      flight.join(visitor, fallback, this.parts.lastGoodAfterMs, Number.NEGATIVE_INFINITY);
  }

  /** What was rendered is not a page for all: it is for one visitor, a failure, or for those who wait now. */
  private settleUnstored(flight: PageFlight, rendered: Rendered): void {
    const { key, route } = flight;
    const { status, headers, renderStartedAt } = rendered;
    const shared = sharingOf(rendered, route);
    if (shared === 'private' || shared === 'once') {
      const named = tagsOf(route.policy.cache!, headers);
      this.passes.add(
        key,
        renderStartedAt,
        named.length === 0 ? undefined : pageTags(key, route.policy.cache!, headers),
      );
      let given = shared === 'private';
      flight.settle(({ visitor }) => {
        // Whoever has a cookie may be somebody to the site, which then shows him what it shows nobody else.
        if (given || visitor.sendsOneOf(COOKIE)) {
          visitor.askSite();
        } else {
          given = true;
          visitor.relay(rendered);
        }
      });
      return;
    }
    const failed = status >= 500;
    if (failed) this.pauses.add(key);
    const names = dependsOn(status, headers);
    flight.settle(({ visitor, fallback }) => {
      const copy = failed ? this.parts.refusals.stillGood(fallback) : undefined;
      if (copy !== undefined) visitor.servePage(copy, 'last_good');
      else if (visitor.sendsOneOf(names)) visitor.askSite();
      else visitor.relay(rendered);
    });
  }

  /** Refused or failed: this page pauses, and whoever waits gets the fallback. */
  private fail(flight: PageFlight): void {
    this.pauses.add(flight.key);
    this.end(flight, false);
    flight.settle(({ visitor, fallback }) => this.parts.refusals.fallBack(flight.key, visitor, fallback, 'renders'));
  }

  private end(flight: PageFlight, stored: boolean): void {
    const { leases, copies } = this.parts;
    flight.ended = true;
    this.byKey.delete(flight.key);
    if (!flight.leased) return;
    if (stored) void copies.flush().then(() => leases.release(flight.key, true));
    else leases.release(flight.key, false);
  }
}

const sharingOf = ({ status, headers }: Rendered, { policy }: Route): Sharing =>
  sharing(status, headers, policy.cache?.declared);

function settleStored(flight: PageFlight, page: Page): void {
  const names = pageDependsOn(page);
  flight.settle(({ visitor }) => {
    if (visitor.sendsOneOf(names)) visitor.askSite();
    else visitor.servePage(page, 'miss');
  });
}
