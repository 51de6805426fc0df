import type { Member } from './fleet.ts';

/** A new worker must serve for so long before an old one goes, and the last before all is done: visitors are a test, too, ms. */
const PROVEN_MS = 500;
/** And answer at least so many requests in that time. */
const PROVEN_BY = 3;

/** `unvisited`: it has served for long enough, and too few came to it. */
export type Verdict = 'proved' | 'early' | 'unvisited';

/** Whether new workers have shown that they serve: by time, and by requests that they answered on the port. */
export class Proof {
  /** Requests that each had answered when it came to serve (its self-test asks, too). */
  private readonly answeredBefore = new Map<number, number>();

  of({ id, beat, servingAt }: Pick<Member, 'id' | 'beat' | 'servingAt'>, now: number): Verdict {
    if (beat === undefined) return 'early';
    const before = this.answeredBefore.get(id) ?? beat.arrived;
    this.answeredBefore.set(id, before);
    if (now - (servingAt ?? now) < PROVEN_MS) return 'early';
    return beat.arrived - before >= PROVEN_BY ? 'proved' : 'unvisited';
  }
}
