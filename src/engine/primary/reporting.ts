import type { MetricsDelta, Mode } from '../beats.ts';
import type { OpsEvent } from '../monitor-sample.ts';
import { ModeMarks } from './mode-marks.ts';
import { keepMonitor, type Monitor, type MonitorOptions } from './monitor-process.ts';
import { buildSample, type SampleInput, type Seen } from './sampling.ts';
import { createTally } from './tally.ts';

/** What the server is now; the rest of a sample is known here. */
export type ServerState = Omit<
  SampleInput,
  'at' | 'seconds' | 'modeSince' | 'counted' | 'deaths' | 'failedForks' | 'tickLateMs'
>;

/** A sample a second. One is taken when every process has told what it counted, which they do once a second. */
const LEAST_MS = 900;
const LONGEST_MS = 1_300;
/** While nobody comes, ms. */
const RESTING_MS = 5_000;
/** So long a start may take before it is told as if the server served, ms: until then nobody answering is no news. */
const START_MS = 60_000;
/** Ticks of a sample's time that are remembered. */
const MAX_TICKS = 256;
/** What the server went through before the monitor was up is told then; the oldest is forgotten. */
const MAX_HELD_EVENTS = 32;

export interface ReportingOptions extends MonitorOptions {
  /** TAHAN_MONITOR. */
  enabled: boolean;
  /** So many messages were not sent, as the monitor was behind. */
  onDropped: (messages: number) => void;
}

/** What the primary tells the monitor. Nothing here waits for it, or fails with it. */
export interface Reporting {
  readonly monitor: Monitor | undefined;
  readonly tickLateP99Ms: number;
  /** Starts the monitor. */
  start: () => void;
  /** What a process counted. */
  count: (process: string, delta: MetricsDelta) => void;
  /** A worker ended unasked. `forked`: there was a process. */
  died: (forked: boolean) => void;
  event: (kind: OpsEvent['kind'], text: string, severity?: OpsEvent['severity']) => void;
  /** Forwards what a worker counted of its visitors, unread. */
  traffic: (worker: string, batch: string) => void;
  /** Forwards requests of a worker that an operator watches, unread. */
  tail: (worker: string, batch: string) => void;
  /** The mode of the server is this now. */
  mode: (now: Mode, reason: string) => void;
  /** The tick came so late, ms. */
  ticked: (lateMs: number) => void;
  /** Takes a sample when one is due. */
  look: (now: number, resting: boolean, state: () => ServerState) => void;
  /** The settings are these now. */
  renew: (generation: Pick<MonitorOptions, 'env' | 'release'> & { enabled: boolean }) => void;
  /** Resolves when the monitor has written what it knows, or took too long for that. */
  stop: () => Promise<void>;
}

export function createReporting(options: ReportingOptions): Reporting {
  const tally = createTally();
  let monitor: Monitor | undefined;
  const beganAt = performance.now();
  let sampledAt = beganAt;
  let hasServed = false;
  let seen: Seen = new Map();
  const marks = new ModeMarks(Date.now());
  let deaths = 0;
  let failedForks = 0;
  let ticks: number[] = [];
  let tickLateP99Ms = 0;
  let held: OpsEvent[] = [];

  const tell = (event: OpsEvent): void => {
    if (monitor === undefined) return;
    if (monitor.socket === undefined) held = [...held, event].slice(-MAX_HELD_EVENTS);
    else monitor.send({ type: 'event', event });
  };
  const take = (now: number, state: ServerState): void => {
    const built = buildSample(
      {
        ...state,
        at: Date.now(),
        seconds: Math.max(0.001, (now - sampledAt) / 1_000),
        modeSince: marks.since,
        counted: tally.take(),
        deaths,
        failedForks,
        tickLateMs: ticks,
      },
      seen,
    );
    seen = built.seen;
    sampledAt = now;
    deaths = 0;
    failedForks = 0;
    ticks = [];
    tickLateP99Ms = built.sample.tickLateP99Ms;
    if (monitor?.socket === undefined) return;
    const { dropped } = monitor;
    for (const event of held.splice(0)) monitor.send({ type: 'event', event });
    monitor.send({ type: 'sample', sample: built.sample });
    if (monitor.dropped > dropped) options.onDropped(monitor.dropped - dropped);
  };

  return {
    get monitor() {
      return monitor;
    },
    get tickLateP99Ms() {
      return tickLateP99Ms;
    },
    start() {
      if (options.enabled) monitor = keepMonitor(options);
    },
    count: (process, delta) => tally.add(process, delta),
    died(forked) {
      deaths += 1;
      if (!forked) failedForks += 1;
    },
    event(kind, text, severity) {
      tell({ at: Date.now(), kind, text: text.slice(0, 2_000), ...(severity === undefined ? {} : { severity }) });
    },
    traffic(worker, batch) {
      monitor?.send({ type: 'traffic', worker, batch });
    },
    tail(worker, batch) {
      monitor?.send({ type: 'tail', worker, batch });
    },
    mode(now, reason) {
      hasServed ||= now !== 'down';
      const mark = marks.look(now, reason, Date.now());
      if (mark !== undefined) tell(mark);
    },
    ticked(lateMs) {
      if (ticks.length < MAX_TICKS) ticks.push(Math.max(0, lateMs));
    },
    look(now, resting, state) {
      if (!hasServed && now - beganAt < START_MS) return;
      const passedMs = now - sampledAt;
      const isDue = resting ? passedMs >= RESTING_MS : passedMs >= (tally.complete ? LEAST_MS : LONGEST_MS);
      if (isDue) take(now, state());
    },
    renew({ enabled, ...generation }) {
      if (!enabled) {
        void monitor?.stop();
        monitor = undefined;
      } else if (monitor === undefined) monitor = keepMonitor({ ...options, ...generation });
      else monitor.renew(generation);
    },
    stop: () => monitor?.stop() ?? Promise.resolve(),
  };
}
