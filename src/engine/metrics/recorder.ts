import { STATUS_CODES } from 'node:http';
import type { MetricsDelta } from '../beats.ts';
import { type COUNTERS, type CounterName, HISTOGRAMS, type HistogramName, type LabelValues } from './definitions.ts';
import { type CounterHandle, DeltaBook, type HistogramHandle } from './delta-book.ts';
import { outcomeOf } from './outcome.ts';

/** Routes with series of their own; those beyond are counted under `other`. */
const MAX_ROUTES = 200;
const OTHER = 'other';
/** Traces that are told in one flush: of each route and bucket the last one. */
export const MAX_EXEMPLARS = 64;
const BUCKETS = HISTOGRAMS.http_request_duration_seconds.buckets;

/** How the page cache took part in an answer; `engine`: the engine's own paths, `refused`: the waiting page. */
const CACHE_USES = ['fresh', 'revalidate', 'last_good', 'miss', 'bypass', 'engine', 'refused'] as const;
export type CacheUse = (typeof CACHE_USES)[number];

/** Methods with series of their own; node:http knows 30 more, which only probes send. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const METHOD_INDEX = new Map(METHODS.map((method, index) => [method, index]));
const CACHE_INDEX = new Map<CacheUse, number>(CACHE_USES.map((use, index) => [use, index]));

/** The series of one route; those of its requests under a number made of method, cache use and status. */
interface RouteSeries {
  label: string;
  duration: HistogramHandle;
  requests: Map<number, AnswerSeries>;
}

/** Those of one kind of answer of a route. `durations`: of its outcome, over all routes. */
interface AnswerSeries {
  counter: CounterHandle;
  durations: HistogramHandle | undefined;
}

/**
 * Counts in a worker or the lifeboat; `flush` gives the increments, which the primary adds to the totals of the
 * server. Recording a request allocates nothing once its series is known.
 */
export class Recorder {
  /** Requests recorded since the start of the process. */
  requests = 0;
  private readonly book = new DeltaBook();
  private readonly routes = new Map<string, RouteSeries>();
  private readonly exemplars = new Map<string, NonNullable<MetricsDelta['exemplars']>[number]>();

  /** One request was answered. `route`: its template, such as `/posts/:slug`; `seconds`: from its arrival to its end. */
  request(route: string, method: string, status: number, cache: CacheUse, seconds: number): void {
    this.requests += 1;
    const series = this.routes.get(route) ?? this.addRoute(route);
    const methodIndex = METHOD_INDEX.get(method) ?? METHODS.length;
    const key = (methodIndex * CACHE_USES.length + CACHE_INDEX.get(cache)!) * 1_000 + status;
    const answers =
      series.requests.get(key) ??
      this.addRequests(series, key, status, [METHODS[methodIndex] ?? OTHER, statusLabel(status), cache]);
    answers.counter.add(1);
    series.duration.observe(seconds);
    answers.durations?.observe(seconds);
  }

  /** A request that was recorded belongs to a trace. `traceId`: 32 hexadecimal digits. */
  exemplar(route: string, seconds: number, traceId: string): void {
    const label = this.routes.get(route)?.label ?? OTHER;
    const key = `${label}\0${BUCKETS.findIndex((bound) => seconds <= bound)}`;
    if (this.exemplars.size < MAX_EXEMPLARS || this.exemplars.has(key))
      this.exemplars.set(key, [label, traceId, seconds, Date.now() / 1_000]);
  }

  count<N extends CounterName>(name: N, labels: LabelValues<(typeof COUNTERS)[N]['labels']>, amount = 1): void {
    this.book.counter(name, labels).add(amount);
  }

  observe<N extends HistogramName>(
    name: N,
    labels: LabelValues<(typeof HISTOGRAMS)[N]['labels']>,
    value: number,
  ): void {
    this.book.histogram(name, labels).observe(value);
  }

  /** The increments since the last flush; undefined when there are none. */
  flush(): MetricsDelta | undefined {
    const delta = this.book.flush();
    if (delta === undefined || this.exemplars.size === 0) return delta;
    const exemplars = [...this.exemplars.values()];
    this.exemplars.clear();
    return { ...delta, exemplars };
  }

  private addRoute(route: string): RouteSeries {
    const label = this.routes.size < MAX_ROUTES ? route : OTHER;
    const known = this.routes.get(label);
    if (known !== undefined) return known;
    const series = {
      label,
      duration: this.book.histogram('http_request_duration_seconds', [label]),
      requests: new Map(),
    };
    this.routes.set(label, series);
    return series;
  }

  private addRequests(
    series: RouteSeries,
    key: number,
    status: number,
    rest: [method: string, status: string, cache: CacheUse],
  ): AnswerSeries {
    const outcome = outcomeOf(status, rest[2]);
    const answers = {
      counter: this.book.counter('http_requests_total', [series.label, ...rest]),
      durations: outcome === undefined ? undefined : this.book.histogram('tahan_answer_duration_seconds', [outcome]),
    };
    // A site may answer with any number: only the known ones are kept at hand, so that the map stays small.
    if (rest[1] !== OTHER) series.requests.set(key, answers);
    return answers;
  }
}

const statusLabel = (status: number): string => (STATUS_CODES[status] === undefined ? OTHER : String(status));
