/** A request whose route names no deadline may take so many units of the work in hand (see `work-unit.ts`). */
const UNITS = 20;
/** But at most so many times the deadline of the settings: nobody is left waiting without end. */
const MOST_TIMES = 4;

/**
 * Time that a request may take, ms; Infinity: as long as it likes. The deadline of the settings says what a visitor
 * bears where pages are quick. Where a page costs 150 ms, chance alone queues two seconds of them at 0.65 of the
 * capacity (M/M/1: 0.9 % of all take over 2 s), and who is given up then would have had the page a moment later. In a
 * surge there are others in plenty whom the same work serves in time.
 * @param policyMs deadline of the route's policy, ms: as it is; 0: none
 * @param settingMs TAHAN_DEADLINE_MS
 * @param unitMs size of the work in hand
 * @param surge how much of a surge the load is, 0..1; asked only where it matters
 */
export function withinMs(policyMs: number | undefined, settingMs: number, unitMs: number, surge: () => number): number {
  if (policyMs === 0) return Number.POSITIVE_INFINITY;
  if (policyMs !== undefined) return policyMs;
  const calmMs = Math.min(UNITS * unitMs, MOST_TIMES * settingMs);
  return calmMs <= settingMs ? settingMs : settingMs + (calmMs - settingMs) * (1 - surge());
}

/**
 * When something that waits must be done, on the clock of `performance.now()`, ms; Infinity: never. It moves on as the
 * work in hand turns out dearer (of a worker that has just begun nothing is known), and never back: who was let in is
 * not given up because others have come.
 */
export class Deadline {
  private readonly from: number;
  private latest = 0;

  constructor(from: number) {
    this.from = from;
  }

  /** `withinMs`: what `withinMs` gives now. */
  at(withinMs: number): number {
    this.latest = Math.max(this.latest, this.from + withinMs);
    return this.latest;
  }
}
