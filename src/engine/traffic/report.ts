import type { Advice } from './advice.ts';
import type { AgentKind } from './agent.ts';
import type { AnswerKind } from './answer-kind.ts';
import type { SourceKind } from './source.ts';

/** One label and how many requests had it. */
export interface Named {
  name: string;
  requests: number;
  /** Share of the requests of its list, 0 to 1. */
  share: number;
  /** The true number is at most so much away from `requests` (sketch: too high by it; sampling: 95 % of the time). */
  error: number;
}

/** How often an answer ended so. Names as `Cache-Status` and the metrics have them; `bypass`: the site answered this visitor alone. */
export type Uses = Record<'fresh' | 'revalidate' | 'last_good' | 'miss' | 'bypass' | 'refused', number>;

/** A number of different visitors, by HyperLogLog: the true number is within `error` 95 % of the time. */
export interface Uniques {
  visitors: number;
  error: number;
  /** Connections besides whose visitors were not looked at, as too many were new in a second: there may be so many more. */
  unseen: number;
}

/** What the page cache did for one route. */
export interface RouteReport {
  route: string;
  requests: number;
  uses: Uses;
  /** 5xx answers of the site. */
  failed: number;
  /** Requests without a member's session, 0 to 1. */
  anonymousShare: number;
  /** CPU time that one answer of the site costs on the event loop, ms; 0: not known yet. */
  costMs: number;
  /** CPU time that answers from the cache spared the site, seconds. */
  savedSeconds: number;
  /** Bytes of answers that came from the cache. */
  cachedBytes: number;
  /** Age of what was served from the cache, seconds. */
  ageMeanSeconds: number;
  /** Different pages that were asked for (estimate, some 7 %). */
  pages: number;
  /** Different cache keys of these pages (estimate, some 7 %); 0 where nothing may be cached. */
  keys: number;
  renders: number;
  /** Renders that gave the same page as before. */
  unchangedRenders: number;
  /** Time for which a page is fresh, ms; 0: the route is not cached. */
  ttlMs: number;
}

/** What came, from where, and what it got, in a range of time. Built from summaries that hold no address and no person. */
export interface TrafficReport {
  /** Epoch ms; as asked for, widened to whole steps of what is kept. */
  fromMs: number;
  toMs: number;
  /** Length of the finest step that the report was made of, ms. */
  stepMs: number;
  requests: number;
  /** Share of the requests that was looked at, 0 to 1; below 1 the numbers are estimates with the `error` beside them. */
  sampledShare: number;
  /** Page views: GETs of pages, refused ones included. */
  views: number;
  /** Different visitors, each day counted on its own, as the salt of a day is deleted. Declared bots are not in it. */
  uniques: Uniques;
  /** Of page views. `internal`: from a page of this site. */
  sourceKinds: (Named & { name: SourceKind })[];
  /** Of page views from outside: hosts, campaigns, names of search engines and assistants. */
  sources: Named[];
  campaigns: Named[];
  agents: (Named & { name: AgentKind })[];
  /** Names of declared bots. */
  bots: Named[];
  browsers: Named[];
  devices: Named[];
  kinds: (Named & { name: AnswerKind })[];
  languages: Named[];
  statuses: Named[];
  uses: Uses;
  /** Routes by requests, most first. */
  routes: RouteReport[];
  /** Where visitors were refused: routes, most first. */
  refusedAt: Named[];
  /** Paths of each kind of answer, most first. */
  paths: Record<AnswerKind, Named[]>;
  /** Client networks (IPv4 /24, IPv6 /48), most first. Not kept longer than hours are. */
  networks: Named[];
  /** First pages of visits. */
  entryPages: Named[];
  /** What is read next: `from` and `to` are paths. */
  next: (Named & { from: string; to: string })[];
  /** Searches that found nothing, where the site tells. */
  emptySearches: Named[];
  /** Page views by hour of the week, 168 numbers from Monday 0:00, in the zone of the server. */
  hoursOfWeek: number[];
  cache: {
    /** Share of page answers that came from the cache, 0 to 1; undefined without any. */
    hitShare: number | undefined;
    savedSeconds: number;
    cachedBytes: number;
    ageMeanSeconds: number;
    /** Upper bounds of age in seconds, and how many answers were that old at most. The last bound is infinite: null. */
    ages: { upToSeconds: number | null; answers: number }[];
    advice: Advice[];
  };
}
