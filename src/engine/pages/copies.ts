import { freshness } from '../cache/freshness.ts';
import { KeysForATime } from '../cache/keys-for-a-time.ts';
import { makePage, pageTags, type Rendered } from '../cache/make-page.ts';
import type { PageMemory } from '../cache/memory.ts';
import { MissingPages } from '../cache/missing-pages.ts';
import type { Page } from '../cache/page.ts';
import { isMissing } from '../cache/sharing.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Route } from '../routes.ts';
import type { Traffic } from '../traffic/answered.ts';

/**
 * A page that is not in the store is not looked for again for so long, ms: a page that many ask for and nobody can render
 * now would cost a read of the disk for each. A page of another worker is found so much later.
 */
const ABSENT_MS = 250;
const MAX_ABSENT = 10_000;

/** The pages on the disk, which all processes share. */
export interface PageStore {
  read: (key: string) => Page | undefined;
  put: (page: Page) => void;
  /** Resolves when what was put before is written. */
  flush: () => Promise<void>;
}

/** The copies of pages that a worker can reach: in its memory, and in the store. */
export class Copies {
  private readonly memory: PageMemory;
  private readonly store: PageStore;
  /** How many times longer than its policy says a page is fresh. */
  stretch: (key: string) => number = () => 1;
  private readonly sieMs: number;
  private readonly recorder: Recorder;
  private readonly traffic: Pick<Traffic, 'rendered'>;
  private readonly absent = new KeysForATime(ABSENT_MS, MAX_ABSENT);
  private readonly missing = new MissingPages(() => this.memory.lastPurge(undefined));

  /** `sieMs`: how long a copy is good as last good where neither policy nor page says so. */
  constructor(
    memory: PageMemory,
    store: PageStore,
    sieMs: number,
    recorder: Recorder,
    traffic: Pick<Traffic, 'rendered'>,
  ) {
    this.memory = memory;
    this.store = store;
    this.sieMs = sieMs;
    this.recorder = recorder;
    this.traffic = traffic;
  }

  /** What there is of a page in memory: a copy, or the answer that there is no such page. */
  inMemory(key: string): Page | undefined {
    return this.orMissing(key, this.memory.get(key));
  }

  /** As `inMemory`, else the copy in the store, which then is in memory too. */
  find(key: string): Page | undefined {
    return this.orMissing(key, this.copy(key));
  }

  /** The copy in memory, else the one in the store, which then is in memory too. */
  copy(key: string): Page | undefined {
    const page = this.memory.get(key);
    if (page !== undefined) return page;
    if (this.absent.has(key)) return undefined;
    const stored = this.inStore(key);
    if (stored === undefined) {
      this.absent.add(key);
    } else {
      this.recorder.count('tahan_cache_lookups_total', ['store']);
      this.memory.set(stored);
    }
    return stored;
  }

  /** Neither memory nor the store has a copy, as was seen a moment ago. */
  isAbsent(key: string): boolean {
    return this.memory.get(key) === undefined && this.absent.has(key);
  }

  /** The stored copy, less what was purged since it was rendered. */
  inStore(key: string): Page | undefined {
    const stored = this.store.read(key);
    return stored === undefined ? undefined : this.memory.afterPurges(stored);
  }

  /**
   * The page that a render gave, undefined when it is not one to share; with `store` it goes into memory and the store. An
   * answer that there is no page is kept for a moment, in memory only.
   */
  take(key: string, route: Route, rendered: Rendered, store: boolean): Page | undefined {
    const policy = route.policy.cache!;
    const longer = this.stretch(key);
    const kept = longer === 1 ? policy : { ...policy, ttlMs: policy.ttlMs * longer };
    const made = makePage(key, kept, rendered, this.sieMs, Math.random());
    if (made !== undefined && isMissing(made.status)) {
      if (store) this.missing.set(made);
      return made;
    }
    const page = made === undefined ? undefined : this.memory.afterPurges(made);
    if (page !== undefined) this.traffic.rendered(route, this.memory.get(key)?.etag === page.etag);
    if (page !== undefined && store) {
      this.memory.set(page);
      this.store.put(page);
    }
    return page;
  }

  /**
   * When something was last purged that an answer may show, epoch ms; -Infinity: never. An answer that is no page (a
   * redirect, a 404) tells no tags of what it depends on: any purge may concern it.
   */
  purgedAt(key: string, route: Route, { status, headers }: Rendered): number {
    return this.memory.lastPurge(status === 200 ? pageTags(key, route.policy.cache!, headers) : undefined);
  }

  /** When one of the tags was last purged, or any tag for undefined; epoch ms, -Infinity: never. */
  readonly lastPurge = (tags: readonly string[] | undefined): number => this.memory.lastPurge(tags);

  /** A copy that another worker has put into the store. */
  adopt(page: Page): void {
    this.memory.set(page);
  }

  /** Resolves when what was stored before is written. */
  flush(): Promise<void> {
    return this.store.flush();
  }

  /** The copy while it is good for visitors who need not wait; else the answer that the page is gone, where it is known. */
  private orMissing(key: string, copy: Page | undefined): Page | undefined {
    const now = Date.now();
    const state = copy === undefined ? 'dead' : freshness(copy, now);
    return state === 'fresh' || state === 'revalidate' ? copy : (this.missing.find(key, now) ?? copy);
  }
}
