import type { Dispatcher } from '../admission/dispatcher.ts';
import type { GateView } from '../admission/gate.ts';
import type { RouteWork } from '../admission/route-work.ts';
import { freshness, xfetchDue } from '../cache/freshness.ts';
import type { Page } from '../cache/page.ts';
import type { CacheOutcome } from '../cache/wire.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Route } from '../routes.ts';
import type { Priority } from '../site.ts';
import type { Copies } from './copies.ts';
import { risen } from './demand.ts';
import type { RenderReason } from './flight.ts';
import type { Flights } from './flights.ts';
import type { PageRefusals } from './page-refusals.ts';
import type { PageQuestion, PageVisitor } from './page-visitor.ts';
import type { Renderer } from './renderer.ts';

export interface PagesParts {
  copies: Copies;
  flights: Flights;
  renderer: Renderer;
  refusals: PageRefusals;
  dispatcher: Dispatcher;
  /** By index of the route. */
  works: readonly RouteWork[];
  recorder: Recorder;
}

/** The page cache of a worker at work: who gets which copy, who waits for a render, and when one is begun. */
export class Pages {
  private readonly parts: PagesParts;
  private readonly flights: Flights;

  constructor(parts: PagesParts) {
    this.parts = parts;
    this.flights = parts.flights;
  }

  /** The copy to decide by, from memory or the store; undefined for pages that turned out not to be the same for all. */
  readonly copyOf = (key: string): Page | undefined =>
    this.flights.passes.has(key) ? undefined : this.parts.copies.find(key);

  /** As `copyOf`, from memory only: for who cannot wait for the disk. */
  readonly copyInMemory = (key: string): Page | undefined =>
    this.flights.passes.has(key) ? undefined : this.parts.copies.inMemory(key);

  answer(visitor: PageVisitor, question: PageQuestion): void {
    if (this.flights.passes.has(question.key)) {
      this.parts.recorder.count('tahan_cache_lookups_total', ['pass']);
      visitor.askSite();
      return;
    }
    const outcome = this.outcomeNow(question, visitor.priority);
    if (outcome !== undefined) visitor.servePage(question.copy!, outcome);
    else this.wait(visitor, question);
  }

  /**
   * How the copy can be served at once, as far as that needs no visitor to wait; undefined when it cannot. Begins a
   * refresh where one is due.
   */
  quickOutcome(question: PageQuestion): CacheOutcome | undefined {
    return question.copy === undefined ? undefined : this.outcomeNow(question, 'low');
  }

  /**
   * Whether a visitor of a page is to be refused at once, which is counted: there is no copy, no render under way, and no
   * room for one. False for all that needs a closer look.
   */
  turnsAway({ key, route, copy }: PageQuestion, priority: Priority): boolean {
    const { copies, recorder, refusals } = this.parts;
    const { flights } = this;
    if (copy !== undefined || flights.passes.has(key) || flights.get(key) !== undefined || !copies.isAbsent(key))
      return false;
    if (this.hasRoom(key, route, this.worth(key, priority))) return false;
    recorder.count('tahan_cache_lookups_total', ['miss']);
    refusals.count(key, priority, 'renders');
    return true;
  }

  /** What the gate sees of a render of the page for one more visitor. */
  gateOf({ key, route }: PageQuestion, priority: Priority): GateView {
    return this.gateView(route, this.worth(key, priority));
  }

  /** Serves the anonymous copy, whatever its age; false when there is none. */
  serveLastGood(visitor: PageVisitor, key: string): boolean {
    const page = this.parts.copies.copy(key);
    if (page === undefined || freshness(page, Date.now()) === 'dead') return false;
    visitor.servePage(page, 'last_good');
    return true;
  }

  /** Renders a page behind the visitors' backs, unless that is under way or was just refused. */
  refresh(key: string, route: Route, reason: RenderReason, priority: Priority): void {
    const { flights } = this;
    if (flights.get(key) !== undefined || flights.pauses.has(key)) return;
    if (this.wouldRefuse(route, priority)) flights.pauses.add(key);
    else flights.begin(key, route, reason, priority);
  }

  /**
   * After a purge: renders a page behind the visitors' backs unless its copy is still good. A render that is under way may
   * have begun before the purge: when it turns out so, one more follows it.
   */
  renew(key: string, route: Route, priority: Priority): void {
    const flight = this.flights.get(key);
    if (flight !== undefined) {
      flight.renewIfPurged = true;
      this.flights.raise(flight, priority);
    } else if (this.parts.copies.inMemory(key)?.purged !== false) {
      this.refresh(key, route, 'main', priority);
    }
  }

  /** From now on pages are fresh so many times longer than their policy says. */
  stretch(times: (key: string) => number): void {
    this.parts.copies.stretch = times;
  }

  /** Another worker waits for a page that is rendered here: it will look for it in the store. */
  storeForOthers(key: string): void {
    const flight = this.flights.get(key);
    if (flight !== undefined) flight.store = true;
  }

  /**
   * Renders a page now, without asking the gate, and stores it where it may be stored.
   * @throws {RenderError | DeadlineError}
   */
  async renderNow(key: string, route: Route): Promise<{ status: number; page: Page | undefined }> {
    const { renderer, copies } = this.parts;
    const rendered = await renderer.render(key, route, 'critical');
    return { status: rendered.status, page: route.cacheable ? copies.take(key, route, rendered, true) : undefined };
  }

  /**
   * Renders a page and stores nothing.
   * @throws {RenderError | DeadlineError}
   */
  async rehearse(key: string, route: Route): Promise<void> {
    await this.parts.renderer.render(key, route, 'background');
  }

  /** How the copy is served at once; undefined: the visitor waits for a render. Begins a refresh where one is due. */
  private outcomeNow({ key, route, copy, freshness }: PageQuestion, priority: Priority): CacheOutcome | undefined {
    const { recorder } = this.parts;
    switch (freshness) {
      case 'fresh':
        if (xfetchDue(copy!, Date.now(), Math.random())) this.refresh(key, route, 'early', 'background');
        recorder.count('tahan_cache_lookups_total', ['fresh']);
        return 'fresh';
      case 'revalidate':
        this.refresh(key, route, 'refresh', 'background');
        recorder.count('tahan_cache_lookups_total', ['revalidate']);
        return 'revalidate';
      case 'lastGood':
        if (!this.flights.pauses.has(key) && this.hasRoom(key, route, priority)) return undefined;
        recorder.count('tahan_cache_lookups_total', ['last_good']);
        return 'last_good';
      case 'dead':
        return undefined;
    }
  }

  /** Lets a visitor wait for the page, which a render under way or a new one will bring. */
  private wait(visitor: PageVisitor, { key, route, copy }: PageQuestion): void {
    const { flights } = this;
    const { recorder, refusals } = this.parts;
    recorder.count('tahan_cache_lookups_total', [copy === undefined ? 'miss' : 'last_good']);
    let flight = flights.get(key);
    const priority = this.worth(key, visitor.priority);
    visitor.way?.atGate(this.gateView(route, priority));
    if (flight !== undefined) {
      flights.raise(flight, priority);
    } else if (this.hasRoom(key, route, priority)) {
      flight = flights.begin(key, route, copy === undefined ? 'miss' : 'refresh', priority);
    } else {
      refusals.fallBack(key, visitor, copy, 'renders');
      return;
    }
    flights.join(flight, visitor, copy);
  }

  /** The priority of a page's render, with one more visitor who asks for it. */
  private worth(key: string, priority: Priority): Priority {
    const asked = this.parts.refusals.turnedAway.count(key) + (this.flights.get(key)?.waiting ?? 0) + 1;
    return risen(priority, asked, this.parts.dispatcher.gate.inSurge);
  }

  /** Whether a visitor may wait for a render of the page: one is under way, or may be begun. */
  private hasRoom(key: string, route: Route, priority: Priority): boolean {
    const flight = this.flights.get(key);
    if (flight !== undefined) return !flight.slow;
    return !this.flights.full && !this.wouldRefuse(route, priority);
  }

  private gateView(route: Route, priority: Priority): GateView {
    const { dispatcher, works } = this.parts;
    return dispatcher.view(priority, works[route.index]!, dispatcher.gate.withinMs(route.policy));
  }

  private wouldRefuse(route: Route, priority: Priority): boolean {
    return this.parts.dispatcher.wouldRefuse(
      priority,
      this.parts.works[route.index]!,
      this.parts.dispatcher.gate.withinMs(route.policy),
    );
  }
}
