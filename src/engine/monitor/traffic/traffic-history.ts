import type Database from 'better-sqlite3';
import { dayOf } from '../../traffic/daily-salt.ts';
import type { HyperLogLog } from '../../traffic/hyperloglog.ts';
import { makeReport } from '../../traffic/make-report.ts';
import type { TrafficReport } from '../../traffic/report.ts';
import { Tally } from '../../traffic/tally.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, type StepMs, TrafficStore } from './traffic-store.ts';

export interface TrafficHistoryOptions {
  /** traffic.db, open. */
  db: Database.Database;
  /** Something could not be used: a batch, a row. */
  onProblem: (problem: string) => void;
}

interface Piece {
  stepMs: StepMs;
  fromMs: number;
  toMs: number;
}

/** The minute that runs is written so often: a monitor that is killed loses no more, ms. */
const WRITE_EVERY_MS = 10_000;

const startOf = (at: number, stepMs: number): number => Math.floor(at / stepMs) * stepMs;

/**
 * Adds up what the workers count: the minute that runs in memory, whole minutes in the store, rolled up to hours and days
 * when these are over. Whatever was missed (the monitor was not there) is rolled up at the next look.
 */
export class TrafficHistory {
  private readonly store: TrafficStore;
  private readonly onProblem: (problem: string) => void;
  /** The minute that runs. */
  private minute: { at: number; tally: Tally } | undefined;
  private writtenAt = 0;
  /** The hour in which it was last rolled up. */
  private rolledUpIn = Number.NaN;

  constructor({ db, onProblem }: TrafficHistoryOptions) {
    this.onProblem = onProblem;
    this.store = new TrafficStore(db, (step, at) =>
      onProblem(`the traffic of ${new Date(at).toISOString()} (${step / 1_000} s) cannot be read, and is left out`),
    );
  }

  /** Takes a batch of a worker (the text of a tally). `now`: epoch ms, the time at which it counts. */
  add(batch: string, now: number): void {
    let tally: Tally;
    try {
      tally = Tally.fromText(batch);
    } catch (error) {
      this.onProblem(`a batch of traffic is left out: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    this.tick(now);
    const at = startOf(now, MINUTE_MS);
    // What was counted of this minute before a restart of the monitor.
    this.minute ??= { at, tally: this.store.get(MINUTE_MS, at) ?? new Tally() };
    this.minute.tally.merge(tally);
  }

  /** Puts away what is over. Cheap when nothing is. Called once a minute at least while the server is up. */
  tick(now: number): void {
    const { minute } = this;
    if (minute !== undefined) {
      if (startOf(now, MINUTE_MS) !== minute.at) {
        this.flush();
        this.minute = undefined;
      } else if (Math.abs(now - this.writtenAt) >= WRITE_EVERY_MS) {
        this.writtenAt = now;
        this.flush();
      }
    }
    const hour = startOf(now, HOUR_MS);
    if (hour === this.rolledUpIn || this.minute !== undefined) return;
    this.rolledUpIn = hour;
    this.rollUp(now);
  }

  /** Writes the minute that runs: before the monitor ends. */
  flush(): void {
    if (this.minute !== undefined) this.store.put(MINUTE_MS, this.minute.at, this.minute.tally);
  }

  /** Hours of minutes, and days of hours, that are over and not there yet; and forgets what is too old. */
  private rollUp(now: number): void {
    this.rollUpTo(HOUR_MS, MINUTE_MS, now);
    this.rollUpTo(DAY_MS, HOUR_MS, now);
    this.store.expire(now);
  }

  private rollUpTo(stepMs: StepMs, fromStepMs: StepMs, now: number): void {
    const done = new Set(this.store.starts(stepMs, 0));
    const missing = new Set(
      this.store
        .starts(fromStepMs, 0)
        .map((at) => startOf(at, stepMs))
        .filter((at) => at + stepMs <= now && !done.has(at)),
    );
    for (const at of missing) {
      const whole = new Tally();
      for (const { tally } of this.store.range(fromStepMs, at, at + stepMs)) whole.merge(tally);
      this.store.put(stepMs, at, stepMs === DAY_MS ? whole.withoutNetworks() : whole);
    }
  }

  /** What came in [fromMs, toMs), widened to whole steps: days and hours where they fit, minutes at the ends. */
  report({ fromMs, toMs }: { fromMs: number; toMs: number }): TrafficReport {
    const from = startOf(fromMs, MINUTE_MS);
    const to = Math.max(from + MINUTE_MS, Math.ceil(toMs / MINUTE_MS) * MINUTE_MS);
    const tally = new Tally();
    const visitors = new Map<number, HyperLogLog>();
    let stepMs: number = DAY_MS;
    const take = (at: number, part: Tally): void => {
      tally.merge(part, false);
      const day = dayOf(at);
      const known = visitors.get(day);
      if (known === undefined) visitors.set(day, part.visitors);
      else known.merge(part.visitors);
    };
    let [begins, ends] = [from, to];
    for (const piece of this.pieces(from, to)) {
      [begins, ends] = [Math.min(begins, piece.fromMs), Math.max(ends, piece.toMs)];
      for (const kept of this.store.range(piece.stepMs, piece.fromMs, piece.toMs)) {
        if (kept.at === this.minute?.at && piece.stepMs === MINUTE_MS) continue;
        take(kept.at, kept.tally);
        stepMs = Math.min(stepMs, piece.stepMs);
      }
    }
    const { minute } = this;
    if (minute !== undefined && minute.at >= from && minute.at < to) {
      // Its own copy: the report must not change what is still added up.
      take(minute.at, Tally.fromText(minute.tally.toText()));
      stepMs = MINUTE_MS;
    }
    return makeReport({
      fromMs: begins,
      toMs: ends,
      stepMs,
      tally,
      visitors: [...visitors.values()],
      hoursOfWeek: this.hoursOfWeek(from, to),
    });
  }

  /**
   * The coarsest steps that fit, so that a year is read as quickly as an hour; and where finer ones are no longer kept, the
   * step that the range only touches.
   */
  private *pieces(fromMs: number, toMs: number): Generator<Piece, void> {
    const first = startOf(fromMs, DAY_MS);
    const days = new Set(this.store.starts(DAY_MS, first));
    const hours = this.store.starts(HOUR_MS, first);
    const has = {
      hour: new Set(hours),
      hoursOf: new Set(hours.map((at) => startOf(at, DAY_MS))),
      minutesOf: new Set(this.store.starts(MINUTE_MS, first).map((at) => startOf(at, HOUR_MS))),
    };
    for (let at = fromMs; at < toMs; ) {
      const [day, hour] = [startOf(at, DAY_MS), startOf(at, HOUR_MS)];
      let piece: Piece;
      if (days.has(day) && ((at === day && day + DAY_MS <= toMs) || !has.hoursOf.has(day)))
        piece = { stepMs: DAY_MS, fromMs: day, toMs: day + DAY_MS };
      else if (has.hour.has(hour) && ((at === hour && hour + HOUR_MS <= toMs) || !has.minutesOf.has(hour)))
        piece = { stepMs: HOUR_MS, fromMs: hour, toMs: hour + HOUR_MS };
      // Minutes up to the next hour are read at once.
      else piece = { stepMs: MINUTE_MS, fromMs: at, toMs: Math.min(toMs, hour + HOUR_MS) };
      yield piece;
      at = piece.toMs;
    }
  }

  /** Page views by hour of the week, in the zone of the server. */
  private hoursOfWeek(fromMs: number, toMs: number): number[] {
    const hours = new Array<number>(168).fill(0);
    const add = (at: number, views: number): void => {
      const date = new Date(at);
      hours[((date.getDay() + 6) % 7) * 24 + date.getHours()]! += views;
    };
    let wholeUntil = startOf(fromMs, HOUR_MS);
    for (const { at, views } of this.store.views(HOUR_MS, wholeUntil, toMs)) {
      add(at, views);
      wholeUntil = at + HOUR_MS;
    }
    // The hour that runs is not rolled up yet.
    const { minute } = this;
    for (const { at, views } of this.store.views(MINUTE_MS, Math.max(wholeUntil, fromMs), toMs))
      if (at !== minute?.at) add(at, views);
    if (minute !== undefined && minute.at >= fromMs && minute.at < toMs) add(minute.at, minute.tally.views);
    return hours;
  }
}
