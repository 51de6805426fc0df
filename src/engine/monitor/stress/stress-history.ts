import { median } from '../../median.ts';
import type { Circumstances, StressRun } from '../../stress/run-record.ts';
import { safeLoadOf } from '../../stress/safe-load.ts';
import { type StressTrend, stressTrend } from '../../stress/trend.ts';
import type { StressView } from '../ops/source.ts';
import type { TrafficDb } from '../traffic-db.ts';
import { StressStore } from './stress-store.ts';

/** Runs that the dashboard shows. */
const SHOWN = 60;

/** What the scheduled runs have measured so far. */
export class StressHistory {
  /** The last run beside those before; undefined: there are too few. */
  trend: StressTrend | undefined;
  /** When the next run begins, epoch ms. */
  next: () => number | undefined = () => undefined;
  private readonly store: StressStore;
  private readonly here: Circumstances;
  private runs: StressRun[];

  constructor(db: TrafficDb, here: Circumstances) {
    this.store = new StressStore(db);
    this.here = here;
    this.runs = this.store.runs();
    this.trend = stressTrend(this.runs);
  }

  keep(run: StressRun): void {
    this.store.add(run);
    this.runs = this.store.runs();
    this.trend = stressTrend(this.runs);
  }

  view(): StressView {
    const last = this.runs.at(-1);
    return {
      ...(last === undefined ? { text: '', stale: '' } : safeLoadOf(last, this.here)),
      runs: this.runs.slice(-SHOWN).map(({ at, version, perSecond }) => ({
        at,
        version,
        perSecond: median(perSecond),
        least: Math.min(...perSecond),
        most: Math.max(...perSecond),
      })),
      next: this.next() ?? null,
    };
  }
}
