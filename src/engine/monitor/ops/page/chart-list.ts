import { amount, bytes, duration, percent } from './format.ts';

/** One line of a chart: the series of the history, and how it is shown. */
export interface Line {
  series: string;
  label: string;
  /** A custom property of the style sheet, or a colour. */
  colour: string;
  dashed?: boolean;
}

export interface ChartPlan {
  id: string;
  title: string;
  /** What a reader should know to read it. */
  hint: string;
  lines: readonly Line[];
  /** Besides, a line for each worker: the series `lag.1`, `lag.2` and so on are of `lag`. */
  perWorker?: 'lag' | 'elu';
  /** Lines lie on one another: the top is their sum. */
  stacked?: boolean;
  shown: (value: number) => string;
  /** Values are bytes: the axis goes by powers of two. */
  binary?: true;
  /** Least top of the axis, so that noise of a quiet hour does not fill the chart. */
  leastTop: number;
}

const OUTCOME_LINES: readonly Line[] = [
  { series: 'rate.fresh', label: 'fresh', colour: '--fresh' },
  { series: 'rate.rendered', label: 'rendered', colour: '--rendered' },
  { series: 'rate.site', label: 'site', colour: '--site' },
  { series: 'rate.last_good', label: 'last good', colour: '--last-good' },
  { series: 'rate.refused', label: 'asked to wait', colour: '--refused' },
  { series: 'rate.failed', label: 'failed', colour: '--failed' },
];

const latencies = (quantile: 'p50' | 'p99'): readonly Line[] =>
  OUTCOME_LINES.map((line) => ({ ...line, series: line.series.replace('rate', quantile) }));

/** All charts, in the order of the page. */
export const CHARTS: readonly ChartPlan[] = [
  {
    id: 'rates',
    title: 'Answers a second',
    hint: 'By outcome, one on the other: the top line is all that came.',
    lines: OUTCOME_LINES,
    stacked: true,
    shown: amount,
    leastTop: 5,
  },
  {
    id: 'p99',
    title: 'Slowest in a hundred (p99)',
    hint: 'From the arrival to the end of the answer.',
    lines: latencies('p99'),
    shown: duration,
    leastTop: 50,
  },
  {
    id: 'p50',
    title: 'In the middle (p50)',
    hint: 'Half of the visitors wait less.',
    lines: latencies('p50'),
    shown: duration,
    leastTop: 20,
  },
  {
    id: 'load',
    title: 'Offered load',
    hint: 'Work that is asked for, over what can be done: over 1 somebody waits or is refused.',
    lines: [
      { series: 'load.loop', label: 'loop', colour: '--site' },
      { series: 'load.pool', label: 'pool', colour: '--last-good' },
      { series: 'load.elsewhere', label: 'upstream', colour: '--rendered' },
    ],
    shown: (value) => `${value.toFixed(value >= 10 ? 0 : 1)}×`,
    leastTop: 1.2,
  },
  {
    id: 'queue',
    title: 'Queue delay',
    hint: 'How long the oldest request waits for the loop, in the worst worker, and one in a hundred tasks for a thread.',
    lines: [
      { series: 'queue.delay', label: 'loop', colour: '--site' },
      { series: 'pool.wait', label: 'pool', colour: '--last-good' },
    ],
    shown: duration,
    leastTop: 50,
  },
  {
    id: 'pool',
    title: 'Thread pool',
    hint: 'Tasks that wait for a thread, in all workers.',
    lines: [{ series: 'pool.queued', label: 'waiting', colour: '--last-good' }],
    shown: amount,
    leastTop: 4,
  },
  {
    id: 'lag',
    title: 'Event-loop lag (p99)',
    hint: 'Of each worker, and how late the primary’s own tick comes. Who replaces a worker goes on with its line.',
    lines: [{ series: 'tick.late', label: 'primary', colour: '--ink', dashed: true }],
    perWorker: 'lag',
    shown: duration,
    leastTop: 20,
  },
  {
    id: 'elu',
    title: 'Event loops, share of time busy',
    hint: 'Of each worker that serves; who replaces a worker goes on with its line.',
    lines: [],
    perWorker: 'elu',
    shown: percent,
    leastTop: 1,
  },
  {
    id: 'workers',
    title: 'Workers',
    hint: 'That serve, that are wanted, and warm spares.',
    lines: [
      { series: 'workers', label: 'serving', colour: '--fresh' },
      { series: 'workers.wanted', label: 'wanted', colour: '--site', dashed: true },
      { series: 'spares', label: 'spare', colour: '--last-good' },
    ],
    shown: amount,
    leastTop: 2,
  },
  {
    id: 'memory',
    title: 'Memory',
    hint: 'Of all workers together; what the machine has left is below.',
    lines: [
      { series: 'rss', label: 'resident', colour: '--site' },
      { series: 'heap', label: 'JavaScript heap', colour: '--fresh' },
    ],
    shown: bytes,
    binary: true,
    leastTop: 104_857_600,
  },
  {
    id: 'backlog',
    title: 'Connections',
    hint: 'Open ones, and those that the kernel holds and nobody has accepted.',
    lines: [
      { series: 'connections', label: 'open', colour: '--fresh' },
      { series: 'backlog', label: 'backlog', colour: '--failed' },
    ],
    shown: amount,
    leastTop: 10,
  },
  {
    id: 'cache',
    title: 'Answered from the cache',
    hint: 'Share of the answers that are a stored page, fresh or last good.',
    lines: [{ series: 'cache.share', label: 'hits', colour: '--fresh' }],
    shown: percent,
    leastTop: 1,
  },
];

/** Turns by the golden angle: neighbours differ, however many there are. */
const hueOf = (place: number): number => Math.round((place * 137.5 + 52.5) % 360);

/** The lines of a chart, with those of the workers that the history knows. */
export function linesOf({ lines, perWorker }: ChartPlan, series: Iterable<string>): readonly Line[] {
  if (perWorker === undefined) return lines;
  const places = [...series].flatMap((name) => {
    const [kind, place] = name.split('.');
    return kind === perWorker && /^\d+$/.test(place ?? '') ? [Number(place)] : [];
  });
  const workers = places
    .sort((a, b) => a - b)
    .map((place) => ({
      series: `${perWorker}.${place}`,
      label: `worker ${place}`,
      colour: `hsl(${hueOf(place)} 65% 52%)`,
    }));
  return [...workers, ...lines];
}
