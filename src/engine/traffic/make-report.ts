import { advise, type RouteFacts } from './advice.ts';
import type { AgentKind } from './agent.ts';
import { ANSWER_KINDS, type AnswerKind } from './answer-kind.ts';
import { THEN } from './counter.ts';
import type { Counts } from './counts.ts';
import type { HyperLogLog } from './hyperloglog.ts';
import type { Named, RouteReport, TrafficReport, Uniques, Uses } from './report.ts';
import { type RouteTally, TRAFFIC_USES } from './route-tally.ts';
import type { SourceKind } from './source.ts';
import type { SpaceSaving } from './space-saving.ts';
import { AGE_BOUNDS, type Tally } from './tally.ts';

/** 95 % of a normal distribution lie within so many standard deviations. */
const Z = 1.96;
/** Longest list of the report. */
const MOST = 20;

export interface ReportParts {
  fromMs: number;
  toMs: number;
  /** Finest step of what it is made of, ms. */
  stepMs: number;
  tally: Tally;
  /** Visitors of each day. */
  visitors: readonly HyperLogLog[];
  /** Page views by hour of the week, from Monday 0:00. */
  hoursOfWeek: number[];
}

/** The report of what was added up. */
export function makeReport({ fromMs, toMs, stepMs, tally, visitors, hoursOfWeek }: ReportParts): TrafficReport {
  const spread = spreadOf(tally);
  const named = (counts: Counts): Named[] => namedCounts(counts, spread);
  const list = (frequent: SpaceSaving): Named[] => namedHitters(frequent, spread);
  const { counts, frequent } = tally;
  const routes = [...tally.routes].map(([name, route]) => routeReport(name, route));
  routes.sort((a, b) => b.requests - a.requests || (a.route < b.route ? -1 : 1));
  const uses = sumOfUses(routes.map((route) => route.uses));
  return {
    fromMs,
    toMs,
    stepMs,
    requests: tally.requests,
    sampledShare: tally.requests === 0 ? 1 : Math.min(1, tally.looked / tally.requests),
    views: tally.views,
    uniques: { ...uniquesOf(visitors), unseen: tally.unseen },
    sourceKinds: named(counts.sourceKinds) as (Named & { name: SourceKind })[],
    sources: withShareOf(list(frequent.sources), tally.views),
    campaigns: withShareOf(list(frequent.campaigns), tally.views),
    agents: named(counts.agents) as (Named & { name: AgentKind })[],
    bots: named(counts.bots).slice(0, MOST),
    browsers: named(counts.browsers),
    devices: named(counts.devices),
    kinds: named(counts.kinds) as (Named & { name: AnswerKind })[],
    languages: named(counts.languages).slice(0, MOST),
    statuses: named(counts.statuses),
    uses,
    routes,
    refusedAt: refusedAt(routes, spread),
    paths: Object.fromEntries(ANSWER_KINDS.map((kind) => [kind, list(frequent[kind])])) as TrafficReport['paths'],
    networks: list(frequent.networks),
    entryPages: list(frequent.entryPages),
    next: list(frequent.next).map((pair) => {
      const [from = '', to = ''] = pair.name.split(THEN);
      return { ...pair, name: `${from} → ${to}`, from, to };
    }),
    emptySearches: list(frequent.emptySearches),
    hoursOfWeek,
    cache: cacheReport(tally, uses),
  };
}

/** By how many times the variance of a count is larger than that of a full count: weights minus one, averaged over requests. */
const spreadOf = ({ requests, squares }: Tally): number => (requests === 0 ? 0 : Math.max(0, squares / requests - 1));

const samplingError = (count: number, spread: number): number => Z * Math.sqrt(count * spread);

function namedCounts(counts: Counts, spread: number): Named[] {
  const total = counts.total;
  return counts.entries().map(([name, requests]) => ({
    name,
    requests,
    share: total === 0 ? 0 : requests / total,
    error: samplingError(requests, spread),
  }));
}

function namedHitters(frequent: SpaceSaving, spread: number): Named[] {
  return frequent.top(MOST).map(({ key, count, error }) => ({
    name: key,
    requests: count,
    share: frequent.total === 0 ? 0 : count / frequent.total,
    error: error + samplingError(count, spread),
  }));
}

/** Of all page views, not only of those with a name. */
const withShareOf = (list: readonly Named[], total: number): Named[] =>
  list.map((named) => ({ ...named, share: total === 0 ? 0 : named.requests / total }));

function uniquesOf(days: readonly HyperLogLog[]): Omit<Uniques, 'unseen'> {
  let visitors = 0;
  let variance = 0;
  for (const day of days) {
    const count = day.count();
    visitors += count;
    variance += (count * day.standardError) ** 2;
  }
  return { visitors: Math.round(visitors), error: Math.ceil(Z * Math.sqrt(variance)) };
}

const usesOf = (route: RouteTally): Uses =>
  Object.fromEntries(TRAFFIC_USES.map((use) => [use, route.usedAs(use)])) as Uses;

const sumOfUses = (all: readonly Uses[]): Uses =>
  Object.fromEntries(TRAFFIC_USES.map((use) => [use, all.reduce((sum, uses) => sum + uses[use], 0)])) as Uses;

function routeReport(name: string, route: RouteTally): RouteReport {
  return {
    route: name,
    requests: route.requests,
    uses: usesOf(route),
    failed: route.failed,
    anonymousShare: route.requests === 0 ? 0 : route.anonymous / route.requests,
    costMs: route.costMs,
    savedSeconds: route.savedMs / 1_000,
    cachedBytes: route.cachedBytes,
    ageMeanSeconds: route.cached === 0 ? 0 : route.ageMs / route.cached / 1_000,
    pages: Math.round(route.pages.count()),
    keys: Math.round(route.keys.count()),
    renders: route.renders,
    unchangedRenders: route.unchanged,
    ttlMs: route.ttlMs,
  };
}

function refusedAt(routes: readonly RouteReport[], spread: number): Named[] {
  const total = routes.reduce((sum, { uses }) => sum + uses.refused, 0);
  return routes
    .filter(({ uses }) => uses.refused > 0)
    .map(({ route, uses }) => ({
      name: route,
      requests: uses.refused,
      share: uses.refused / total,
      error: samplingError(uses.refused, spread),
    }))
    .sort((a, b) => b.requests - a.requests)
    .slice(0, MOST);
}

function cacheReport(tally: Tally, uses: Uses): TrafficReport['cache'] {
  let cached = 0;
  let savedMs = 0;
  let cachedBytes = 0;
  let ageMs = 0;
  for (const route of tally.routes.values()) {
    cached += route.cached;
    savedMs += route.savedMs;
    cachedBytes += route.cachedBytes;
    ageMs += route.ageMs;
  }
  const lookedUp = cached + uses.miss;
  return {
    hitShare: lookedUp === 0 ? undefined : cached / lookedUp,
    savedSeconds: savedMs / 1_000,
    cachedBytes,
    ageMeanSeconds: cached === 0 ? 0 : ageMs / cached / 1_000,
    ages: tally.ages.map((answers, index) => ({ upToSeconds: AGE_BOUNDS[index] ?? null, answers })),
    advice: advise([...tally.routes].map(([name, route]) => factsOf(name, route))),
  };
}

const factsOf = (name: string, route: RouteTally): RouteFacts => ({
  route: name,
  ttlMs: route.ttlMs,
  costMs: route.costMs,
  requests: route.requests,
  anonymousReads: route.anonymousReads,
  uncached: route.usedAs('miss') + route.usedAs('bypass'),
  cached: route.cached,
  looked: route.looked,
  pages: route.pages.count(),
  keys: route.keys.count(),
  renders: route.renders,
  unchangedRenders: route.unchanged,
});
