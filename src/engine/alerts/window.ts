import { median } from '../median.ts';
import { OUTCOMES, type Outcome } from '../monitor-sample.ts';

/** Length of a bucket, ms, and what is kept: the longest window of a rule and a bit. */
const BUCKET_MS = 10_000;
const KEEP_MS = 6.1 * 3_600_000;
const MAX_BUCKETS = Math.ceil(KEEP_MS / BUCKET_MS);
const MINUTE_MS = 60_000;

export type Counts = Record<Outcome, number>;

/** What came in a time. */
export interface Sum {
  /** Time of it that is known; less than its length where there was no history. */
  seconds: number;
  outcomes: Counts;
  failedSignIns: number;
}

/** What came in its ten seconds, and in all buckets before it, those that are gone included. */
interface Bucket extends Sum {
  slot: number;
  before: Sum;
}

const none = (): Counts => ({ fresh: 0, last_good: 0, rendered: 0, site: 0, refused: 0, failed: 0 });

const nothing = (): Sum => ({ seconds: 0, outcomes: none(), failedSignIns: 0 });

const plus = (one: Sum, other: Sum, sign: 1 | -1): Sum => {
  const outcomes = none();
  for (const outcome of OUTCOMES) outcomes[outcome] = one.outcomes[outcome] + sign * other.outcomes[outcome];
  return {
    seconds: one.seconds + sign * other.seconds,
    outcomes,
    failedSignIns: one.failedSignIns + sign * other.failedSignIns,
  };
};

/** All that came. */
export const allOf = (counts: Counts): number => OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);

/** What came and was no error, a second; 0 where nothing is known. */
export const demandOf = ({ seconds, outcomes }: Sum): number =>
  seconds === 0 ? 0 : (allOf(outcomes) - outcomes.failed) / seconds;

/** Requests of the last six hours in buckets of ten seconds: what the rules look at. Bounded. */
export class Window {
  private readonly buckets: Bucket[] = [];

  get size(): number {
    return this.buckets.length;
  }

  /** Adds what came in the `seconds` before `at` (epoch ms); older than the newest bucket: it goes there. */
  add(at: number, seconds: number, outcomes: Readonly<Counts>, failedSignIns = 0): void {
    const slot = Math.floor((at - 1) / BUCKET_MS);
    let bucket = this.buckets.at(-1);
    if (bucket === undefined || slot > bucket.slot) {
      bucket = { slot, ...nothing(), before: bucket === undefined ? nothing() : plus(bucket.before, bucket, 1) };
      this.buckets.push(bucket);
      while (this.buckets.length > MAX_BUCKETS || this.buckets[0]!.slot < slot - MAX_BUCKETS) this.buckets.shift();
    }
    bucket.seconds += seconds;
    bucket.failedSignIns += failedSignIns;
    for (const outcome of OUTCOMES) bucket.outcomes[outcome] += outcomes[outcome];
  }

  /** What came after `fromMs` until `toMs`, by whole buckets. */
  sum(fromMs: number, toMs: number): Sum {
    const first = this.buckets[this.indexOf(Math.round(fromMs / BUCKET_MS))];
    const last = this.buckets[this.indexOf(Math.ceil(toMs / BUCKET_MS)) - 1];
    if (first === undefined || last === undefined || last.slot < first.slot) return nothing();
    return plus(plus(last.before, last, 1), first.before, -1);
  }

  /** Demand of each whole minute in a time; minutes of which less than half is known are left out. */
  minutes(fromMs: number, toMs: number): number[] {
    const rates: number[] = [];
    for (let at = fromMs; at + MINUTE_MS <= toMs; at += MINUTE_MS) {
      const sum = this.sum(at, at + MINUTE_MS);
      if (sum.seconds >= 30) rates.push(demandOf(sum));
    }
    return rates;
  }

  /** Of the first bucket from this slot on. */
  private indexOf(slot: number): number {
    let [low, high] = [0, this.buckets.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.buckets[middle]!.slot < slot) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** 1.4826 times the MAD is the standard deviation, where the values are normal. */
const MAD_TO_SIGMA = 1.4826;

/**
 * How many standard deviations a value lies over the median, by median and MAD: a few wild values change neither.
 * `leastSigma`: values that hardly vary must not make a trifle a sensation.
 */
export function robustZ(value: number, values: readonly number[], leastSigma: number): number {
  const centre = median(values);
  const sigma = MAD_TO_SIGMA * median(values.map((each) => Math.abs(each - centre)));
  return (value - centre) / Math.max(sigma, leastSigma);
}
