import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import { type Beat, type MetricsDelta, MODES, type Mode } from '../beats.ts';
import { COUNTERS, type CounterName, GAUGES, type GaugeName, HISTOGRAMS } from './definitions.ts';
import { HistogramTotal } from './histogram-total.ts';

/** Series of one metric; what goes beyond is dropped and counted. 200 routes times methods, statuses and cache uses in practice. */
const MAX_SERIES = 5_000;
/** Ten beats missed: the process is blocked, or was stopped. */
const SILENT_AFTER_MS = 1_000;

/** State of the server that the primary alone knows, read at each scrape. */
export interface ServerView {
  mode: Mode;
  /** How many workers are in each state: `starting`, `spare`, `serving`, `draining`. */
  workers: Readonly<Record<string, number>>;
  /** Undefined where the kernel does not tell. */
  acceptBacklog: number | undefined;
  lifeboatActive: boolean;
  workersWanted: number;
  crashLoop: boolean;
  /** p99 of the last sample's time, ms. */
  tickLateP99Ms: number;
  monitorUp: boolean;
  /** People in the lines of the waiting rooms. */
  roomWaiting: number;
  /** Undefined where the host does not tell. */
  host: {
    idleCores: number | undefined;
    stealShare: number | undefined;
    throttledShare: number | undefined;
    memoryLimitBytes: number | undefined;
    memoryAvailableBytes: number | undefined;
    /** Percent. */
    cpuPressure: number | undefined;
  };
}

export interface TotalsOptions {
  version: string;
  /** Called at each scrape; must not wait for anything. */
  view: () => ServerView;
  /** Monotonic clock, ms. */
  now?: () => number;
  silentAfterMs?: number;
}

/** The numbers of the whole server; they outlive every worker. */
export interface Totals {
  /** Adds what a process counted since it last told. Unknown metrics and misfitting labels are dropped and counted. */
  add: (delta: MetricsDelta) => void;
  /** Takes the state of a process, under the name that the label `worker` shows. */
  beat: (process: string, beat: Beat) => void;
  /** Forgets the state of a process that has ended; what it counted stays. */
  gone: (process: string) => void;
  count: (name: CounterName, labels: readonly string[], amount?: number) => void;
  /** The metrics in Prometheus' text format 0.0.4, or as OpenMetrics 1.0. Never waits for another process. */
  exposition: (openMetrics: boolean) => Promise<string>;
}

interface Known {
  beat: Beat;
  at: number;
}

export function createTotals({
  version,
  view,
  now = () => performance.now(),
  silentAfterMs = SILENT_AFTER_MS,
}: TotalsOptions): Totals {
  const registry = new Registry();
  const openRegistry = new Registry();
  openRegistry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  const counters = new Map<string, { counter: Counter; labels: number; series: Set<string> }>();
  const histograms = new Map<string, HistogramTotal>();
  const gauges = new Map<GaugeName, Gauge>();
  const processes = new Map<string, Known>();
  const startedAt = Date.now() / 1_000 - process.uptime();

  for (const [name, { help, labels }] of Object.entries(COUNTERS)) {
    const counter = new Counter({ name, help, labelNames: labels, registers: [registry] });
    openRegistry.registerMetric(withoutTotal(counter, name));
    counters.set(name, { counter, labels: labels.length, series: new Set() });
  }
  for (const [name, definition] of Object.entries(HISTOGRAMS)) {
    const histogram = new HistogramTotal(name, definition);
    histograms.set(name, histogram);
    for (const each of [registry, openRegistry]) each.registerMetric(histogram as unknown as Metric);
  }
  for (const [name, { help, labels }] of Object.entries(GAUGES)) {
    gauges.set(name as GaugeName, new Gauge({ name, help, labelNames: labels, registers: [registry, openRegistry] }));
  }

  const drop = (reason: string): void => {
    counters.get('tahan_metrics_dropped_total')!.counter.labels(reason).inc();
  };
  const set = (name: GaugeName, value: number, ...labels: string[]): void =>
    gauges
      .get(name)!
      .labels(...labels)
      .set(value);

  const addCounter = (name: string, labels: readonly string[], amount: number): void => {
    const known = counters.get(name);
    const key = labels.join('\0');
    if (known === undefined) drop('unknown_metric');
    else if (labels.length !== known.labels) drop('wrong_labels');
    else if (known.series.size >= MAX_SERIES && !known.series.has(key)) drop('too_many_series');
    else {
      known.series.add(key);
      known.counter.labels(...labels).inc(amount);
    }
  };

  const addHistogram = (name: string, labels: readonly string[], counts: readonly number[], sum: number): void => {
    const histogram = histograms.get(name);
    if (histogram === undefined) drop('unknown_metric');
    else if (labels.length !== histogram.labelNames.length) drop('wrong_labels');
    else if (counts.length !== histogram.buckets.length + 1) drop('wrong_buckets');
    else if (histogram.size >= MAX_SERIES && !histogram.has(labels)) drop('too_many_series');
    else histogram.merge(labels, counts, sum);
  };

  const showProcess = (name: string, { beat, at }: Known): void => {
    const up = now() - at <= silentAfterMs;
    set('tahan_worker_up', up ? 1 : 0, name);
    // What a silent process said last is no longer so: a blocked loop would show its calm of before.
    if (!up) return;
    set('tahan_event_loop_lag_seconds', beat.lagP50Ms / 1_000, name, 'p50');
    set('tahan_event_loop_lag_seconds', beat.lagP99Ms / 1_000, name, 'p99');
    set('tahan_event_loop_lag_seconds', beat.lagMaxMs / 1_000, name, 'max');
    set('tahan_event_loop_utilization', beat.elu, name);
    set('tahan_in_flight_requests', beat.inFlight, name);
    set('tahan_open_connections', beat.connections, name);
    set('tahan_resident_memory_bytes', beat.rssBytes, name);
    set('tahan_heap_bytes', beat.heapBytes, name);
    for (const [resource, ratio] of Object.entries(beat.loadRatio)) set('tahan_load_ratio', ratio, name, resource);
    set('tahan_gate_queue_length', beat.queued, name);
    set('tahan_gate_queue_delay_seconds', beat.queueDelayMs / 1_000, name);
    set('tahan_pool_queue_length', beat.poolQueued, name);
    set('tahan_pool_running_tasks', beat.poolRunning, name);
    set('tahan_cache_pages', beat.cachePages, name);
    set('tahan_cache_bytes', beat.cacheBytes, name);
  };

  const setKnown = (name: GaugeName, value: number | undefined): void => {
    if (value === undefined) gauges.get(name)!.remove();
    else set(name, value);
  };

  const showServer = ({
    mode,
    workers,
    acceptBacklog,
    lifeboatActive,
    workersWanted,
    crashLoop,
    tickLateP99Ms,
    monitorUp,
    roomWaiting,
    host,
  }: ServerView): void => {
    set('tahan_build_info', 1, version, process.version);
    set('process_start_time_seconds', startedAt);
    for (const [state, count] of Object.entries(workers)) set('tahan_workers', count, state);
    for (const each of MODES) set('tahan_mode', each === mode ? 1 : 0, each);
    setKnown('tahan_accept_backlog', acceptBacklog);
    set('tahan_lifeboat_active', lifeboatActive ? 1 : 0);
    set('tahan_workers_wanted', workersWanted);
    set('tahan_crash_loop', crashLoop ? 1 : 0);
    set('tahan_tick_late_seconds', tickLateP99Ms / 1_000);
    set('tahan_monitor_up', monitorUp ? 1 : 0);
    set('tahan_room_waiting', Math.round(roomWaiting));
    setKnown('tahan_host_idle_cores', host.idleCores);
    setKnown('tahan_host_steal_ratio', host.stealShare);
    setKnown('tahan_host_throttled_ratio', host.throttledShare);
    setKnown('tahan_host_memory_limit_bytes', host.memoryLimitBytes);
    setKnown('tahan_host_memory_available_bytes', host.memoryAvailableBytes);
    setKnown('tahan_host_cpu_pressure_ratio', host.cpuPressure === undefined ? undefined : host.cpuPressure / 100);
  };

  return {
    add(delta) {
      for (const [name, labels, amount] of delta.counters) addCounter(name, labels, amount);
      for (const [name, labels, counts, sum] of delta.histograms) addHistogram(name, labels, counts, sum);
      for (const [route, trace_id, value, timestamp] of delta.exemplars ?? [])
        histograms.get('http_request_duration_seconds')!.note([route], { labelSet: { trace_id }, value, timestamp });
    },
    beat(name, beat) {
      const before = processes.get(name)?.beat.sqliteWaitMs ?? 0;
      // Less than before: another process under the same name, which began at zero.
      const waitedMs = beat.sqliteWaitMs >= before ? beat.sqliteWaitMs - before : beat.sqliteWaitMs;
      if (waitedMs > 0) addCounter('tahan_sqlite_wait_seconds_total', [], waitedMs / 1_000);
      processes.set(name, { beat, at: now() });
    },
    gone(name) {
      processes.delete(name);
    },
    count(name, labels, amount = 1) {
      addCounter(name, labels, amount);
    },
    exposition(openMetrics) {
      for (const gauge of gauges.values()) gauge.reset();
      for (const [name, known] of processes) showProcess(name, known);
      showServer(view());
      return (openMetrics ? openRegistry : registry).metrics();
    },
  };
}

/**
 * The same counter under the name of its family, which OpenMetrics tells without `_total`. prom-client would take that from
 * the counter itself, and so from the text format.
 */
function withoutTotal(counter: Counter, name: string): Metric {
  const family = name.replace(/_total$/, '');
  return { name: family, type: 'counter', get: async () => ({ ...(await counter.get()), name: family }) } as never;
}
