import { OUTCOMES, type Sample } from '../monitor-sample.ts';

/** How a longer step is made of shorter ones: of rates and times the mean, of peaks the highest. */
export type Fold = 'mean' | 'max';

interface Series {
  fold: Fold;
  /** Null: it says nothing of this sample. */
  of: (sample: Sample) => number | null;
}

const MODE_LEVEL = { calm: 0, busy: 1, saturated: 2, down: 3 } as const;
const serving = (sample: Sample) => sample.workers.filter(({ state }) => state === 'serving');
const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
const most = (values: readonly number[]): number => Math.max(0, ...values);

/**
 * What the history keeps as numbers, for years. Rates are per second. A name is never taken away or moved, as files hold
 * the values in this order: new ones go to the end.
 */
export const SERIES = {
  ...Object.fromEntries(
    OUTCOMES.map((outcome): [string, Series] => [
      `rate.${outcome}`,
      { fold: 'mean', of: (sample) => sample.outcomes[outcome] / sample.seconds },
    ]),
  ),
  ...Object.fromEntries(
    OUTCOMES.flatMap((outcome): [string, Series][] => [
      [`p50.${outcome}`, { fold: 'mean', of: (sample) => sample.latency[outcome]?.p50 ?? null }],
      [`p99.${outcome}`, { fold: 'max', of: (sample) => sample.latency[outcome]?.p99 ?? null }],
    ]),
  ),
  mode: { fold: 'max', of: (sample) => MODE_LEVEL[sample.mode] },
  lifeboat: { fold: 'max', of: (sample) => (sample.lifeboat ? 1 : 0) },
  'rate.lifeboat': { fold: 'mean', of: (sample) => sample.lifeboatAnswers / sample.seconds },
  backlog: { fold: 'max', of: (sample) => sample.backlog },
  'load.loop': { fold: 'mean', of: (sample) => sample.loadRatio.loop },
  'load.pool': { fold: 'mean', of: (sample) => sample.loadRatio.pool },
  'load.elsewhere': { fold: 'mean', of: (sample) => sample.loadRatio.elsewhere },
  workers: { fold: 'mean', of: (sample) => serving(sample).length },
  'workers.wanted': { fold: 'mean', of: (sample) => sample.target },
  spares: { fold: 'mean', of: (sample) => sample.spares },
  connections: { fold: 'mean', of: (sample) => sample.workers.reduce((sum, one) => sum + one.connections, 0) },
  'queue.delay': { fold: 'max', of: (sample) => most(serving(sample).map(({ queueDelayMs }) => queueDelayMs)) },
  'queue.length': { fold: 'max', of: (sample) => serving(sample).reduce((sum, one) => sum + one.queued, 0) },
  'pool.queued': { fold: 'max', of: (sample) => serving(sample).reduce((sum, one) => sum + one.poolQueued, 0) },
  'lag.p99': { fold: 'max', of: (sample) => most(serving(sample).map(({ lagP99Ms }) => lagP99Ms)) },
  elu: { fold: 'mean', of: (sample) => mean(serving(sample).map(({ elu }) => elu)) },
  rss: { fold: 'max', of: (sample) => sample.workers.reduce((sum, one) => sum + one.rssBytes, 0) },
  heap: { fold: 'max', of: (sample) => sample.workers.reduce((sum, one) => sum + one.heapBytes, 0) },
  'host.idle': { fold: 'mean', of: (sample) => sample.host.idleCores },
  'host.steal': { fold: 'mean', of: (sample) => sample.host.stealShare },
  'host.memory': { fold: 'mean', of: (sample) => sample.host.memoryAvailableBytes },
  'tick.late': { fold: 'max', of: (sample) => sample.tickLateP99Ms },
  'cache.pages': { fold: 'mean', of: (sample) => sample.cache.pages },
  'cache.bytes': { fold: 'mean', of: (sample) => sample.cache.bytes },
  'sqlite.wait': {
    fold: 'mean',
    of: (sample) => sample.workers.reduce((sum, one) => sum + one.sqliteWaitMs, 0) / sample.seconds,
  },
  'pool.wait': { fold: 'max', of: (sample) => sample.poolWait?.p99 ?? null },
} as const satisfies Record<string, Series>;

export const SERIES_NAMES: readonly string[] = Object.keys(SERIES);
const ALL: readonly Series[] = Object.values(SERIES);

/** The values of one step, in the order of `SERIES_NAMES`; NaN: nothing is known. */
export type Values = Float32Array;

export const valuesOf = (sample: Sample): Values => Float32Array.from(ALL, ({ of }) => of(sample) ?? Number.NaN);

const foldOf = (index: number): Fold => ALL[index]?.fold ?? 'mean';

/** Makes one step of several, whose values may be more or fewer each time. `seconds`: what each covers. */
export class Folding {
  /** End of the newest part, epoch ms. */
  at = 0;
  seconds = 0;
  private readonly sums: number[] = [];
  private readonly weights: number[] = [];
  private readonly foldOf: (index: number) => Fold;

  constructor(fold = foldOf) {
    this.foldOf = fold;
  }

  add(values: Values, at: number, seconds: number): void {
    this.at = Math.max(this.at, at);
    this.seconds += seconds;
    for (const [index, value] of values.entries()) {
      this.sums[index] ??= 0;
      this.weights[index] ??= 0;
      if (Number.isNaN(value)) continue;
      if (this.foldOf(index) === 'mean') this.sums[index] += value * seconds;
      else if (this.weights[index] === 0 || value > this.sums[index]) this.sums[index] = value;
      this.weights[index] += seconds;
    }
  }

  values(): Values {
    return Float32Array.from(this.sums, (sum, index) => {
      const weight = this.weights[index]!;
      if (weight === 0) return Number.NaN;
      return this.foldOf(index) === 'mean' ? sum / weight : sum;
    });
  }
}
