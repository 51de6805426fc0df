import type { MetricsDelta } from '../beats.ts';
import { HISTOGRAMS } from '../metrics/definitions.ts';
import { outcomeOf } from '../metrics/outcome.ts';
import { quantile } from '../metrics/quantile.ts';
import { MAX_SAMPLE_ROUTES, OUTCOMES, type Outcome, type RouteTimes } from '../monitor-sample.ts';

/** What all processes counted since the last sample. */
export interface Counted {
  outcomes: Record<Outcome, number>;
  latency: Partial<Record<Outcome, { p50: number; p99: number }>>;
  /** How long tasks waited for a thread of the pool, ms; null: none came. */
  poolWait: { p50: number; p99: number } | null;
  routes: RouteTimes[];
  refusedWhy: Record<string, number>;
  refusedWhere: { route: string; count: number }[];
  lifeboatAnswers: number;
  failedSignIns: number;
}

export interface Tally {
  /** Adds what a process counted since it last told. */
  add: (process: string, delta: Pick<MetricsDelta, 'counters' | 'histograms'>) => void;
  /** Everybody who told something in the last sample's time has told again. */
  readonly complete: boolean;
  /** What was counted since the last call. */
  take: () => Counted;
}

/** Routes and reasons that are told apart in one sample; a worker has at most 201 routes. */
const MAX_NAMES = 256;
/** What a route is called where visitors sign in, and how it answers to those whom it does not let in. */
const SIGN_IN = /log-?in|sign-?in|session/i;
const NOT_LET_IN = ['401', '403', '429'];
const SHOWN_ROUTES = 5;
const BUCKETS = HISTOGRAMS.tahan_answer_duration_seconds.buckets;
const WAIT_BUCKETS = HISTOGRAMS.tahan_pool_wait_seconds.buckets;

/** What the lifeboat's answers are to a visitor; undefined: none of a visitor, or one that a worker answers. */
const LIFEBOAT_OUTCOMES: Readonly<Record<string, Outcome | undefined>> = {
  fresh: 'fresh',
  last_good: 'last_good',
  waiting_page: 'refused',
};

const none = (): Record<Outcome, number> => ({ fresh: 0, last_good: 0, rendered: 0, site: 0, refused: 0, failed: 0 });

const zeros = (buckets: readonly number[]): number[] => new Array<number>(buckets.length + 1).fill(0);
const addCounts = (sums: number[], counts: readonly number[]): void => {
  for (const [index, count] of counts.entries()) sums[index]! += count;
};
const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
const timesOf = (counts: readonly number[], buckets: readonly number[]): { p50: number; p99: number } => ({
  p50: quantile(counts, buckets, 0.5) * 1_000,
  p99: quantile(counts, buckets, 0.99) * 1_000,
});

function entryOf<Name>(map: Map<Name, number[]>, name: Name): number[] {
  const found = map.get(name) ?? zeros(BUCKETS);
  map.set(name, found);
  return found;
}

/** The routes with the most requests; the rest together. */
function mostAsked(times: ReadonlyMap<string, number[]>): RouteTimes[] {
  const sorted = [...times].sort((a, b) => total(b[1]) - total(a[1]));
  const shown = sorted.slice(0, MAX_SAMPLE_ROUTES - 1).map(([route, counts]) => ({ route, counts }));
  if (sorted.length <= shown.length) return shown;
  const rest = zeros(BUCKETS);
  for (const [, counts] of sorted.slice(shown.length)) addCounts(rest, counts);
  return [...shown, { route: 'other', counts: rest }];
}

/** Adds up what the samples need of the metrics, besides the totals that never end. */
export function createTally(): Tally {
  let outcomes = none();
  let durations = new Map<Outcome, number[]>();
  let poolWait = zeros(WAIT_BUCKETS);
  let routes = new Map<string, number[]>();
  let why = new Map<string, number>();
  let where = new Map<string, number>();
  let lifeboatAnswers = 0;
  let failedSignIns = 0;
  let told = new Set<string>();
  let awaited: ReadonlySet<string> = new Set();

  const addTo = (map: Map<string, number>, name: string, amount: number): void => {
    const kept = map.size < MAX_NAMES || map.has(name) ? name : 'other';
    map.set(kept, (map.get(kept) ?? 0) + amount);
  };
  const addCounter = (name: string, labels: readonly string[], amount: number): void => {
    if (name === 'http_requests_total') {
      const [route = '', method, status = '', cache = ''] = labels;
      if (method === 'POST' && NOT_LET_IN.includes(status) && SIGN_IN.test(route)) failedSignIns += amount;
      const outcome = outcomeOf(Number(status) || 0, cache);
      if (outcome === undefined) return;
      outcomes[outcome] += amount;
      if (outcome === 'refused') addTo(where, route, amount);
    } else if (name === 'tahan_lifeboat_answers_total') {
      const outcome = LIFEBOAT_OUTCOMES[labels[0] ?? ''];
      if (outcome === undefined) return;
      outcomes[outcome] += amount;
      lifeboatAnswers += amount;
    } else if (name === 'tahan_refused_total' && labels[2] !== 'true') addTo(why, labels[1] ?? '', amount);
  };
  const addHistogram = (name: string, labels: readonly string[], counts: readonly number[]): void => {
    if (name === 'tahan_pool_wait_seconds' && counts.length === poolWait.length) addCounts(poolWait, counts);
    if (counts.length !== BUCKETS.length + 1) return;
    if (name === 'tahan_answer_duration_seconds') {
      const outcome = OUTCOMES.find((each) => each === labels[0]);
      if (outcome !== undefined) addCounts(entryOf(durations, outcome), counts);
    } else if (name === 'http_request_duration_seconds') {
      const route = labels[0] ?? '';
      addCounts(entryOf(routes, routes.size < MAX_NAMES || routes.has(route) ? route : 'other'), counts);
    }
  };

  return {
    add(process, { counters, histograms }) {
      told.add(process);
      for (const [name, labels, amount] of counters) addCounter(name, labels, amount);
      for (const [name, labels, counts] of histograms) addHistogram(name, labels, counts);
    },
    get complete() {
      return awaited.size > 0 && [...awaited].every((process) => told.has(process));
    },
    take() {
      const latency: Counted['latency'] = {};
      for (const [outcome, counts] of durations) latency[outcome] = timesOf(counts, BUCKETS);
      const counted: Counted = {
        outcomes,
        latency,
        poolWait: total(poolWait) === 0 ? null : timesOf(poolWait, WAIT_BUCKETS),
        routes: mostAsked(routes),
        refusedWhy: Object.fromEntries(why),
        refusedWhere: [...where]
          .sort((a, b) => b[1] - a[1])
          .slice(0, SHOWN_ROUTES)
          .map(([route, count]) => ({ route, count })),
        lifeboatAnswers,
        failedSignIns,
      };
      outcomes = none();
      durations = new Map();
      poolWait = zeros(WAIT_BUCKETS);
      routes = new Map();
      why = new Map();
      where = new Map();
      lifeboatAnswers = 0;
      failedSignIns = 0;
      awaited = told;
      told = new Set();
      return counted;
    },
  };
}
