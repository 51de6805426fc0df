import type { HistogramDefinition } from './definitions.ts';

interface Series {
  labels: Record<string, string>;
  counts: number[];
  sum: number;
  /** The last trace that was counted in each bucket. */
  exemplars: (Exemplar | undefined)[];
}

/** One of those that were counted, by its trace. `timestamp`: Unix time, seconds. */
export interface Exemplar {
  labelSet: { trace_id: string };
  value: number;
  timestamp: number;
}

/** A sample line as prom-client's registry writes it. */
interface Sample {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
  exemplar?: Exemplar;
}

/**
 * A histogram that takes whole buckets at once, in the shape that prom-client's registry asks of a metric: its own
 * Histogram takes single observations only, and the sum of a hundred of them cannot be had from their buckets.
 */
export class HistogramTotal {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly labelNames: readonly string[];
  readonly buckets: readonly number[];
  private readonly series = new Map<string, Series>();

  constructor(name: string, { help, labels, buckets }: HistogramDefinition) {
    this.name = name;
    this.help = help;
    this.labelNames = labels;
    this.buckets = buckets;
  }

  get size(): number {
    return this.series.size;
  }

  has(values: readonly string[]): boolean {
    return this.series.has(values.join('\0'));
  }

  /** Adds counts per bucket (not cumulative, the last is +Inf) and the sum of what was observed. */
  merge(values: readonly string[], counts: readonly number[], sum: number): void {
    const key = values.join('\0');
    let series = this.series.get(key);
    if (series === undefined) {
      const labels: Record<string, string> = {};
      for (const [index, name] of this.labelNames.entries()) labels[name] = values[index]!;
      series = { labels, counts: new Array(this.buckets.length + 1).fill(0), sum: 0, exemplars: [] };
      this.series.set(key, series);
    }
    for (let index = 0; index < series.counts.length; index++) series.counts[index]! += counts[index]!;
    series.sum += sum;
  }

  /** Remembers one of those that were counted. Of a series that is not known, nothing. */
  note(values: readonly string[], exemplar: Exemplar): void {
    const bucket = this.buckets.findIndex((bound) => exemplar.value <= bound);
    const series = this.series.get(values.join('\0'));
    if (series !== undefined) series.exemplars[bucket === -1 ? this.buckets.length : bucket] = exemplar;
  }

  async get(): Promise<{ name: string; help: string; type: 'histogram'; aggregator: 'sum'; values: Sample[] }> {
    const values: Sample[] = [];
    for (const { labels, counts, sum, exemplars } of this.series.values()) {
      let cumulative = 0;
      for (const [index, count] of counts.entries()) {
        cumulative += count;
        values.push({
          metricName: `${this.name}_bucket`,
          labels: { ...labels, le: this.buckets[index] ?? '+Inf' },
          value: cumulative,
          ...(exemplars[index] === undefined ? {} : { exemplar: exemplars[index] }),
        });
      }
      values.push(
        { metricName: `${this.name}_sum`, labels, value: sum },
        { metricName: `${this.name}_count`, labels, value: cumulative },
      );
    }
    return { name: this.name, help: this.help, type: this.type, aggregator: 'sum', values };
  }

  reset(): void {
    this.series.clear();
  }
}
