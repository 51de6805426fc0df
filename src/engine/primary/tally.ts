import type { MetricsDelta } from '../beats.ts';
import { HISTOGRAMS } from '../metrics/definitions.ts';
import { outcomeOf } from '../metrics/outcome.ts';
import { OUTCOMES, type Outcome } from '../monitor-sample.ts';

/** What all processes counted since the last sample. */
export interface Counted {
  outcomes: Record<Outcome, number>;
  latency: Partial<Record<Outcome, { p50: number; p99: number }>>;
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

/** What the lifeboat's answers are to a visitor; undefined: none of a visitor, or one that a worker answers. */
const LIFEBOAT_OUTCOMES: Readonly<Record<string, Outcome | undefined>> = {
  fresh: 'fresh',
  last_good: 'last_good',
  waiting_page: 'refused',
};

/**
 * The value below which a share of what a histogram counted lies, in the unit of its bounds: within a bucket it is taken
 * as spread evenly; beyond the last bound it is that bound. 0 for an empty one.
 */
export function quantile(counts: readonly number[], bounds: readonly number[], share: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let left = total * share;
  for (const [index, count] of counts.entries()) {
    if (count === 0 || left > count) {
      left -= count;
      continue;
    }
    const low = index === 0 ? 0 : bounds[index - 1]!;
    const high = bounds[index] ?? low;
    return low + (high - low) * (left / count);
  }
  return 0;
}

const none = (): Record<Outcome, number> => ({ fresh: 0, last_good: 0, rendered: 0, site: 0, refused: 0, failed: 0 });

/** Adds up what the samples need of the metrics, besides the totals that never end. */
export function createTally(): Tally {
  let outcomes = none();
  let durations = new Map<Outcome, number[]>();
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

  return {
    add(process, { counters, histograms }) {
      told.add(process);
      for (const [name, labels, amount] of counters) addCounter(name, labels, amount);
      for (const [name, labels, counts] of histograms) {
        if (name !== 'tahan_answer_duration_seconds' || counts.length !== BUCKETS.length + 1) continue;
        const outcome = OUTCOMES.find((each) => each === labels[0]);
        if (outcome === undefined) continue;
        const sums = durations.get(outcome) ?? new Array<number>(BUCKETS.length + 1).fill(0);
        for (const [index, count] of counts.entries()) sums[index]! += count;
        durations.set(outcome, sums);
      }
    },
    get complete() {
      return awaited.size > 0 && [...awaited].every((process) => told.has(process));
    },
    take() {
      const latency: Counted['latency'] = {};
      for (const [outcome, counts] of durations) {
        latency[outcome] = {
          p50: quantile(counts, BUCKETS, 0.5) * 1_000,
          p99: quantile(counts, BUCKETS, 0.99) * 1_000,
        };
      }
      const counted: Counted = {
        outcomes,
        latency,
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
