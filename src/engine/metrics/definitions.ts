/** A metric as Prometheus sees it; the values of a series are given in the order of `labels`. */
export interface Definition {
  help: string;
  labels: readonly string[];
}

export interface HistogramDefinition extends Definition {
  /** Upper bounds in the metric's unit, ascending, without +Inf. */
  buckets: readonly number[];
}

/** From a cached page (20 µs) to a request that used up the longest usual deadline, seconds. */
const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];
/** From a hand-over to an idle thread (50 µs) to the default deadline of a task, seconds. */
const TASK_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export const COUNTERS = {
  http_requests_total: { help: 'Requests answered.', labels: ['route', 'method', 'status', 'cache'] },
  /** Reasons: `Refusal` (admission/job.ts), `PageRefusal` (pages/page-refusals.ts), and `bodies`. */
  tahan_refused_total: {
    help: 'Requests refused by the gate (or that it would have refused in a dry run), and visitors of pages that could not be rendered for them.',
    labels: ['priority', 'reason', 'dry_run'],
  },
  tahan_deadline_exceeded_total: {
    help: 'Requests whose deadline passed before the site was done.',
    labels: ['route'],
  },
  tahan_client_gone_total: { help: 'Requests whose client went away before the answer was written.', labels: [] },
  tahan_upgrades_total: {
    help: 'Requests for another protocol (WebSocket), by what became of them.',
    labels: ['outcome'],
  },
  tahan_site_errors_total: { help: 'Errors thrown by the site, by the name of the error.', labels: ['error'] },
  tahan_idempotency_total: {
    help: 'Requests with an idempotency key, by what became of them: run, replayed, in_progress, other_body, invalid, unavailable.',
    labels: ['outcome'],
  },
  tahan_feature_calls_total: {
    help: 'Calls of features, by how they ended: ok, failed, timeout, down (breaker open), full (share used up).',
    labels: ['feature', 'outcome'],
  },
  tahan_fetch_calls_total: {
    help: 'Calls by context.fetch, by how they ended: ok, failed, refused (breaker or bound); and retried for each further try.',
    labels: ['outcome'],
  },
  tahan_pool_tasks_total: { help: 'Tasks given to the thread pool, by how they ended.', labels: ['task', 'outcome'] },
  tahan_sqlite_wait_seconds_total: { help: 'Time spent waiting for SQLite locks.', labels: [] },
  tahan_cache_lookups_total: { help: 'Lookups in the page cache, by what was found.', labels: ['result'] },
  tahan_cache_renders_total: { help: 'Pages rendered for the page cache, by why.', labels: ['reason'] },
  tahan_cache_evictions_total: { help: 'Pages that had to make room in memory.', labels: [] },
  tahan_cache_purges_total: { help: 'Pages purged by tag.', labels: [] },
  tahan_worker_restarts_total: { help: 'Workers that ended without being asked to.', labels: ['reason'] },
  tahan_scaler_decisions_total: { help: 'Decisions of the scaler.', labels: ['action', 'reason'] },
  tahan_reloads_total: { help: 'Reloads, by how they ended.', labels: ['result'] },
  tahan_room_visits_total: {
    help: 'Visits at the door of the waiting room, by what became of them.',
    labels: ['outcome'],
  },
  tahan_lifeboat_answers_total: { help: 'Requests that the lifeboat answered, by with what.', labels: ['kind'] },
  tahan_monitor_dropped_total: { help: 'Messages that the monitor was too slow to take.', labels: [] },
  tahan_metrics_dropped_total: { help: 'Increments that were not counted, by why.', labels: ['reason'] },
} as const satisfies Record<string, Definition>;

export const HISTOGRAMS = {
  http_request_duration_seconds: {
    help: 'Time from the arrival of a request to the end of its answer.',
    labels: ['route'],
    buckets: REQUEST_SECONDS,
  },
  tahan_answer_duration_seconds: {
    help: 'The same time, by what became of the request: fresh, last_good, rendered, site, refused, failed.',
    labels: ['outcome'],
    buckets: REQUEST_SECONDS,
  },
  tahan_pool_wait_seconds: { help: 'Time a task waited for a thread.', labels: [], buckets: TASK_SECONDS },
  tahan_pool_run_seconds: { help: 'Time a task ran in its thread.', labels: ['task'], buckets: TASK_SECONDS },
} as const satisfies Record<string, HistogramDefinition>;

export const GAUGES = {
  tahan_build_info: { help: 'Always 1; the labels tell what runs.', labels: ['version', 'node'] },
  process_start_time_seconds: { help: 'Start of the primary, Unix time.', labels: [] },
  tahan_workers: { help: 'Workers, by where they stand in their life.', labels: ['state'] },
  tahan_workers_wanted: { help: 'Workers that are to serve, as the scaler decided.', labels: [] },
  tahan_crash_loop: { help: '1 while workers die one after the other.', labels: [] },
  tahan_host_idle_cores: { help: 'Cores that a further worker could have now.', labels: [] },
  tahan_host_steal_ratio: { help: 'Share of the CPU time that the hypervisor gave to others, 0 to 1.', labels: [] },
  tahan_host_throttled_ratio: {
    help: 'Share of the periods of the cgroup quota in which it was used up, 0 to 1.',
    labels: [],
  },
  tahan_host_memory_limit_bytes: {
    help: 'Memory that may be used: of the machine, or the limit of the cgroup.',
    labels: [],
  },
  tahan_host_memory_available_bytes: { help: 'What of it is free, or can be freed at once.', labels: [] },
  tahan_host_cpu_pressure_ratio: {
    help: 'Share of the last 10 s in which some task waited for a CPU (PSI), 0 to 1.',
    labels: [],
  },
  tahan_room_waiting: { help: 'People who wait in line.', labels: [] },
  tahan_mode: { help: '1 for the mode that the server is in.', labels: ['mode'] },
  tahan_accept_backlog: { help: 'Connections that the kernel holds and nobody has accepted.', labels: [] },
  tahan_tick_late_seconds: { help: "How late the primary's tick came, p99 of the last second or so.", labels: [] },
  tahan_monitor_up: { help: '1 while the monitor (history, alerts, /ops) runs.', labels: [] },
  tahan_lifeboat_active: { help: '1 while the lifeboat accepts connections.', labels: [] },
  tahan_worker_up: { help: '1 while the process tells its state, 0 while it is silent.', labels: ['worker'] },
  tahan_event_loop_lag_seconds: {
    help: 'Lag of the event loop over the last second, weighted by time.',
    // Not `quantile`: promtool keeps that label for summaries.
    labels: ['worker', 'stat'],
  },
  tahan_event_loop_utilization: { help: 'Share of time that the event loop was busy, 0 to 1.', labels: ['worker'] },
  tahan_in_flight_requests: { help: 'Requests that the site works on or waits for.', labels: ['worker'] },
  tahan_open_connections: { help: 'Open connections of visitors.', labels: ['worker'] },
  tahan_resident_memory_bytes: { help: 'Resident memory of the process.', labels: ['worker'] },
  tahan_heap_bytes: { help: 'JavaScript heap in use.', labels: ['worker'] },
  tahan_load_ratio: {
    help: 'Expected cost of all that arrives, refused or not, over what can be done meanwhile; 1 is as much as can be done.',
    labels: ['worker', 'resource'],
  },
  tahan_gate_queue_length: { help: 'Requests that wait for their turn.', labels: ['worker'] },
  tahan_gate_queue_delay_seconds: { help: 'Time the oldest waiting request has waited.', labels: ['worker'] },
  tahan_pool_queue_length: { help: 'Tasks that wait for a thread.', labels: ['worker'] },
  tahan_pool_running_tasks: { help: 'Tasks that run in a thread.', labels: ['worker'] },
  tahan_cache_pages: { help: 'Pages kept in memory.', labels: ['worker'] },
  tahan_cache_bytes: { help: 'Memory taken by kept pages.', labels: ['worker'] },
} as const satisfies Record<string, Definition>;

export type CounterName = keyof typeof COUNTERS;
export type HistogramName = keyof typeof HISTOGRAMS;
export type GaugeName = keyof typeof GAUGES;

/** Values of a metric's labels, one for each. */
export type LabelValues<L extends readonly string[]> = { readonly [K in keyof L]: string };
