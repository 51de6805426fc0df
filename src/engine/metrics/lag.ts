/** How often the loop is asked how late it is, ms; less often where nothing is to be done. */
const SAMPLE_EVERY_MS = 20;
const WINDOW_MS = 1_000;
/** Samples that a window can hold at that rate, doubled for timers that fire early. */
const MAX_SAMPLES = (2 * WINDOW_MS) / SAMPLE_EVERY_MS;

export interface LagQuantiles {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

/** The timer fired `lagMs` after it was due; the sample stands for the time since the one before. */
interface Sample {
  from: number;
  to: number;
  lagMs: number;
}

/**
 * Event-loop lag over a window, weighted by time: a stall of 500 ms is half a second of the window, not one sample of
 * fifty. (monitorEventLoopDelay counts samples, and reads about 0 on a loop that is full of 5 ms turns.)
 */
export class LagWindow {
  private everyMs: number;
  private readonly windowMs: number;
  private readonly samples: Sample[] = [];
  private last: number;

  constructor(now: number, everyMs = SAMPLE_EVERY_MS, windowMs = WINDOW_MS) {
    this.last = now;
    this.everyMs = everyMs;
    this.windowMs = windowMs;
  }

  /** From now on the timer is due `everyMs` after the sample before. */
  setEvery(everyMs: number, now: number): void {
    this.everyMs = everyMs;
    this.last = now;
  }

  /** The timer, due `everyMs` after the sample before, has fired. */
  sample(now: number): void {
    this.samples.push(this.since(now));
    this.last = now;
    while (this.samples.length > MAX_SAMPLES || this.samples[0]!.to <= now - this.windowMs) this.samples.shift();
  }

  /** Lag over the window that ends now; a timer that is overdue counts with what it is late already. */
  quantiles(now: number): LagQuantiles {
    const from = now - this.windowMs;
    const samples = [...this.samples, this.since(now)]
      .filter((sample) => sample.to > from)
      .sort((a, b) => a.lagMs - b.lagMs);
    const weightOf = (sample: Sample): number => sample.to - Math.max(from, sample.from);
    const total = samples.reduce((sum, sample) => sum + weightOf(sample), 0);
    const quantile = (share: number): number => {
      let weight = 0;
      for (const sample of samples) {
        weight += weightOf(sample);
        if (weight >= share * total) return sample.lagMs;
      }
      return 0;
    };
    return { p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: samples.at(-1)?.lagMs ?? 0 };
  }

  private since(now: number): Sample {
    return { from: this.last, to: now, lagMs: Math.max(0, now - this.last - this.everyMs) };
  }
}

export interface LagSampler {
  quantiles: () => LagQuantiles;
  /** Samples in another rhythm from now on, ms. */
  setEvery: (everyMs: number) => void;
  stop: () => void;
}

/** Samples the event loop of this process, without keeping it alive. */
export function sampleLag(everyMs = SAMPLE_EVERY_MS): LagSampler {
  const window = new LagWindow(performance.now(), everyMs);
  const start = (ms: number): NodeJS.Timeout => setInterval(() => window.sample(performance.now()), ms).unref();
  let timer = start(everyMs);
  return {
    quantiles: () => window.quantiles(performance.now()),
    setEvery(ms) {
      clearInterval(timer);
      window.setEvery(ms, performance.now());
      timer = start(ms);
    },
    stop: () => clearInterval(timer),
  };
}
