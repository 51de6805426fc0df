/** Without a request for so long, a visit is over, ms: the usual half hour of web statistics. */
const VISIT_MS = 1_800_000;
/** Visits that a worker remembers; the oldest makes room. Some 200 bytes each. */
const MAX_VISITS = 10_000;
/** So many pages within so much time, with no file of them and no cookie, is no person. */
const SUSPECT_PAGES = 20;
const SUSPECT_MS = 60_000;

/** What is known of a visit, in this worker's memory only. */
interface Visit {
  at: number;
  lastPath: string | undefined;
  /** Pages since `since`. */
  pages: number;
  since: number;
  /** A file of a page was asked for, or a cookie came: browsers do so. */
  browserLike: boolean;
  suspected: boolean;
}

/** One request of a visitor. */
export interface Step {
  /** Of the visitor, with the salt of the day. */
  visitor: number;
  isView: boolean;
  isAsset: boolean;
  hasCookie: boolean;
  /** The path of a page that was shown; undefined for anything else. */
  path: string | undefined;
  /** How many requests it stands for. */
  weight: number;
}

export interface Seen {
  /** Behaves like a bot that does not say so. */
  suspected: boolean;
  /** The first request of a visit. */
  isNew: boolean;
  /** The page that the visitor saw before; undefined: none in this visit. */
  before: string | undefined;
}

/** The visits of this worker: which pages follow one another, and who only takes pages. Forgotten with the day's salt. */
export class Visits {
  private readonly visits = new Map<number, Visit>();

  get size(): number {
    return this.visits.size;
  }

  /** `now`: ms of any clock. */
  step({ visitor, isView, isAsset, hasCookie, path, weight }: Step, now: number): Seen {
    const known = this.visits.get(visitor);
    const isNew = known === undefined || now - known.at > VISIT_MS;
    const visit: Visit = isNew
      ? { at: now, lastPath: undefined, pages: 0, since: now, browserLike: false, suspected: false }
      : known;
    const before = visit.lastPath;
    visit.at = now;
    visit.browserLike ||= isAsset || hasCookie;
    if (isView) this.countPage(visit, weight, now);
    if (visit.browserLike) visit.suspected = false;
    if (path !== undefined) visit.lastPath = path;
    // Put in anew, so that the first of the map is the one that was not seen for longest.
    this.visits.delete(visitor);
    if (this.visits.size >= MAX_VISITS) this.visits.delete(this.visits.keys().next().value!);
    this.visits.set(visitor, visit);
    return { suspected: visit.suspected, isNew, before };
  }

  clear(): void {
    this.visits.clear();
  }

  private countPage(visit: Visit, weight: number, now: number): void {
    if (now - visit.since > SUSPECT_MS) {
      visit.since = now;
      visit.pages = 0;
    }
    visit.pages += weight;
    if (visit.pages >= SUSPECT_PAGES) visit.suspected = true;
  }
}
