import type { MetricsDelta } from '../beats.ts';
import { COUNTERS, type CounterName, HISTOGRAMS, type HistogramName } from './definitions.ts';

/** Series of one metric in one process; what goes beyond is counted under `other`. */
const MAX_SERIES = 2_000;
/** Series of each type in one message: half of what `beats.ts` lets through. The others come with the next one. */
const MAX_PER_FLUSH = 5_000;
const OTHER = 'other';

/** A counter's series, resolved once: adding to it allocates nothing. */
export interface CounterHandle {
  add: (amount: number) => void;
}

/** A histogram's series, resolved once. */
export interface HistogramHandle {
  observe: (value: number) => void;
}

class CounterSeries implements CounterHandle {
  readonly name: CounterName;
  readonly labels: string[];
  amount = 0;
  private readonly changed: CounterSeries[];

  constructor(name: CounterName, labels: readonly string[], changed: CounterSeries[]) {
    this.name = name;
    this.labels = [...labels];
    this.changed = changed;
  }

  add(amount: number): void {
    if (this.amount === 0) this.changed.push(this);
    this.amount += amount;
  }

  take(): MetricsDelta['counters'][number] {
    const { amount } = this;
    this.amount = 0;
    return [this.name, this.labels, amount];
  }
}

class HistogramSeries implements HistogramHandle {
  readonly name: HistogramName;
  readonly labels: string[];
  readonly counts: Uint32Array;
  sum = 0;
  private readonly buckets: readonly number[];
  private readonly changed: HistogramSeries[];
  private isChanged = false;

  constructor(name: HistogramName, labels: readonly string[], changed: HistogramSeries[]) {
    this.name = name;
    this.labels = [...labels];
    this.buckets = HISTOGRAMS[name].buckets;
    this.counts = new Uint32Array(this.buckets.length + 1);
    this.changed = changed;
  }

  observe(value: number): void {
    if (!this.isChanged) {
      this.isChanged = true;
      this.changed.push(this);
    }
    const { buckets } = this;
    let at = 0;
    while (at < buckets.length && value > buckets[at]!) at += 1;
    this.counts[at]! += 1;
    this.sum += value;
  }

  take(): MetricsDelta['histograms'][number] {
    const taken: MetricsDelta['histograms'][number] = [this.name, this.labels, Array.from(this.counts), this.sum];
    this.counts.fill(0);
    this.sum = 0;
    this.isChanged = false;
    return taken;
  }
}

/** What a process has counted since it last told the primary. */
export class DeltaBook {
  private readonly counters = new Map<CounterName, Map<string, CounterSeries>>();
  private readonly histograms = new Map<HistogramName, Map<string, HistogramSeries>>();
  private readonly changedCounters: CounterSeries[] = [];
  private readonly changedHistograms: HistogramSeries[] = [];

  /** The series of these label values; beyond the bound, the one of `other`. */
  counter(name: CounterName, labels: readonly string[]): CounterHandle {
    return seriesOf(
      this.counters,
      name,
      labels,
      COUNTERS[name].labels.length,
      (kept) => new CounterSeries(name, kept, this.changedCounters),
    );
  }

  histogram(name: HistogramName, labels: readonly string[]): HistogramHandle {
    return seriesOf(
      this.histograms,
      name,
      labels,
      HISTOGRAMS[name].labels.length,
      (kept) => new HistogramSeries(name, kept, this.changedHistograms),
    );
  }

  /** The increments since the last flush; undefined when there are none. */
  flush(): MetricsDelta | undefined {
    if (this.changedCounters.length === 0 && this.changedHistograms.length === 0) return undefined;
    return {
      type: 'metrics',
      counters: this.changedCounters.splice(0, MAX_PER_FLUSH).map((series) => series.take()),
      histograms: this.changedHistograms.splice(0, MAX_PER_FLUSH).map((series) => series.take()),
    };
  }
}

function seriesOf<N, S>(
  all: Map<N, Map<string, S>>,
  name: N,
  labels: readonly string[],
  size: number,
  make: (labels: readonly string[]) => S,
): S {
  if (labels.length !== size) throw new RangeError(`metric ${String(name)} has ${size} labels, not ${labels.length}`);
  let series = all.get(name);
  if (series === undefined) {
    series = new Map();
    all.set(name, series);
  }
  const key = labels.join('\0');
  const found = series.get(key);
  if (found !== undefined) return found;
  const kept = series.size < MAX_SERIES ? labels : labels.map(() => OTHER);
  const keptKey = kept.join('\0');
  const made = series.get(keptKey) ?? make(kept);
  series.set(keptKey, made);
  return made;
}
