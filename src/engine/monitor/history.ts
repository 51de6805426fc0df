import type { OpsEvent, Sample } from '../monitor-sample.ts';
import { HistoryStore, type KeepMs, type Step, TIERS, type Tier } from './history-store.ts';
import { Folding, SERIES_NAMES, type Values, valuesOf } from './series.ts';
import type { TrafficDb } from './traffic-db.ts';
import { placeFold, placeSeries, WorkerPlaces } from './worker-places.ts';

/** Whole samples in memory: what the flight recorder looks back on. */
export const RECORDER_MS = 600_000;
const MAX_SAMPLES = 700;
/** A hole that is longer than this is told, ms: samples follow one another without any. */
const GAP_MS = 1_000;
const PRUNE_EVERY_MS = 60_000;
const MAX_POINTS = 2_000;
const MAX_EVENTS_SHOWN = 1_000;

export interface Query {
  fromMs: number;
  toMs: number;
  /** At most so many. */
  points: number;
}

export interface Answer {
  stepMs: number;
  /** End of each step, epoch ms. */
  at: number[];
  /** By name; null marks a gap. */
  series: Record<string, (number | null)[]>;
}

/** A step that is not at its end. */
class OpenStep {
  readonly slot: number;
  private readonly whole = new Folding();
  private readonly workers = new Folding(placeFold);

  constructor(slot = 0) {
    this.slot = slot;
  }

  get at(): number {
    return this.whole.at;
  }

  add({ at, values, workers }: Step, seconds: number): void {
    this.whole.add(values, at, seconds);
    this.workers.add(workers, at, seconds);
  }

  step(): Step {
    const { at, seconds } = this.whole;
    return { at, seconds, values: this.whole.values(), workers: this.workers.values() };
  }
}

/** Of 64 workers the digits that nobody sees are half a megabyte. */
const short = (value: number | null): number | null => (value === null ? null : Math.round(value * 1_000) / 1_000);

/** What the server was like, from a second ago to two years ago. */
export class History {
  readonly db: TrafficDb;
  readonly store: HistoryStore;
  private readonly recent: Sample[] = [];
  private readonly open = new Map<Tier['name'], OpenStep>();
  private readonly places = new WorkerPlaces();
  private readonly keepMs: KeepMs;
  private readonly listeners = new Set<(event: OpsEvent) => void>();
  private lastAt: number | undefined;
  private prunedAt = Number.NEGATIVE_INFINITY;

  constructor(db: TrafficDb, keepMs: KeepMs) {
    this.db = db;
    this.keepMs = keepMs;
    this.store = new HistoryStore(db);
    this.lastAt = this.store.newest('seconds') ?? this.store.newest('minutes');
    this.refold();
  }

  /** Takes the next sample. One that is not newer than the last is no news; returns whether it is. */
  add(sample: Sample): boolean {
    if (this.lastAt !== undefined && sample.at <= this.lastAt) return false;
    const from = sample.at - sample.seconds * 1_000;
    if (this.lastAt !== undefined && from - this.lastAt > GAP_MS) this.noteGap(this.lastAt, from);
    this.lastAt = sample.at;
    this.recent.push(sample);
    while (this.recent.length > MAX_SAMPLES || this.recent[0]!.at < sample.at - RECORDER_MS) this.recent.shift();
    const { at, seconds } = sample;
    const step = { at, seconds, values: valuesOf(sample), workers: this.places.valuesOf(sample) };
    this.db.transaction(() => {
      this.store.add('seconds', step);
      this.fold(step);
      if (sample.at - this.prunedAt < PRUNE_EVERY_MS) return;
      this.prunedAt = sample.at;
      this.store.prune(sample.at, this.keepMs);
    })();
    return true;
  }

  latest(): Sample | undefined {
    return this.recent.at(-1);
  }

  /** Whole samples of the last ten minutes, oldest first. */
  samples(fromMs: number, toMs: number): Sample[] {
    return this.recent.filter(({ at }) => at > fromMs && at <= toMs);
  }

  note(event: OpsEvent): void {
    this.store.addEvent(event);
    for (const listener of this.listeners) listener(event);
  }

  /** Tells each event from now on. Returns how to stop that. */
  onEvent(listener: (event: OpsEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  events({ fromMs, toMs }: Pick<Query, 'fromMs' | 'toMs'>): OpsEvent[] {
    return this.store.events(fromMs, toMs, MAX_EVENTS_SHOWN);
  }

  /** The numbers of a time, in steps of equal length. */
  query({ fromMs, toMs, points }: Query): Answer {
    const most = Math.max(1, Math.min(MAX_POINTS, Math.floor(points)));
    const to = Math.max(fromMs + 1_000, toMs);
    const tier = this.tierFor(fromMs, to, most);
    const stepMs = Math.max(tier.stepMs, Math.ceil((to - fromMs) / most / tier.stepMs) * tier.stepMs);
    const first = Math.floor(fromMs / stepMs);
    const count = Math.min(most, Math.ceil(to / stepMs) - first);
    const slots = new Array<OpenStep | undefined>(count);
    const put = (step: Step): void => {
      // A sample of five seconds stands for each of them.
      const begin = Math.max(0, Math.floor((step.at - step.seconds * 1_000 + 1) / stepMs) - first);
      const end = Math.min(count - 1, Math.floor((step.at - 1) / stepMs) - first);
      for (let slot = begin; slot <= end; slot++) {
        slots[slot] ??= new OpenStep();
        slots[slot]!.add(step, step.seconds / (end - begin + 1));
      }
    };
    for (const step of this.store.steps(tier.name, fromMs, to + tier.stepMs)) put(step);
    const running = this.open.get(tier.name);
    if (running !== undefined && running.at > fromMs && running.at <= to + tier.stepMs) put(running.step());
    const steps = Array.from(slots, (slot) => slot?.step());
    const line = (pick: (step: Step) => Values, index: number): (number | null)[] =>
      steps.map((step) => {
        const value = step === undefined ? undefined : pick(step)[index];
        return value === undefined || Number.isNaN(value) ? null : value;
      });
    const places = Math.max(0, ...steps.map((step) => step?.workers.length ?? 0));
    return {
      stepMs,
      at: Array.from({ length: count }, (_, slot) => (first + slot + 1) * stepMs),
      series: Object.fromEntries([
        ...SERIES_NAMES.map((name, index) => [name, line(({ values }) => values, index)]),
        ...Array.from({ length: places }, (_, index) => [
          placeSeries(index),
          line(({ workers }) => workers, index).map(short),
        ]),
      ]),
    };
  }

  /** The finest steps that still reach back to the begin, and are not far more than was asked for. */
  private tierFor(fromMs: number, toMs: number, points: number): Tier {
    const now = this.lastAt ?? toMs;
    return (
      TIERS.find(
        ({ name, stepMs }) => fromMs >= now - this.keepMs[name] - 60_000 && (toMs - fromMs) / stepMs <= points * 60,
      ) ?? TIERS.at(-1)!
    );
  }

  private fold(step: Step): void {
    for (const tier of TIERS.slice(1)) this.foldInto(tier, step);
  }

  private foldInto({ name, stepMs }: Tier, step: Step): void {
    const slot = Math.floor((step.at - 1) / stepMs);
    let running = this.open.get(name);
    if (running !== undefined && running.slot !== slot) {
      this.store.add(name, running.step());
      running = undefined;
    }
    running ??= new OpenStep(slot);
    running.add(step, step.seconds);
    this.open.set(name, running);
  }

  /** After a start: the minute and the hour that were not at their end are in the shorter steps. */
  private refold(): void {
    if (this.lastAt === undefined) return;
    for (const tier of TIERS.slice(1)) {
      const from = this.store.newest(tier.name) ?? this.lastAt - tier.stepMs;
      for (const step of [...this.store.steps('seconds', from, this.lastAt)]) this.foldInto(tier, step);
    }
  }

  private noteGap(fromMs: number, toMs: number): void {
    const seconds = Math.round((toMs - fromMs) / 1_000);
    this.note({
      at: fromMs,
      kind: 'gap',
      text: `no history for ${seconds} s: the monitor or the server was away`,
      severity: 'info',
      data: { fromMs: Math.round(fromMs), toMs: Math.round(toMs) },
    });
  }
}
