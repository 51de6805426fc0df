/** Memory of what load those bring who go in, s. */
const MEMORY_S = 6;
/** Memory of the rate that is told, s; of a new rate half of the time for which it is known. */
const TOLD_MEMORY_S = 12;
/** The rate that it begins with is a guess, and counts as so much time of a full server, s. */
const GUESS_S = 0.5;
/**
 * Those who are called and have not gone in are as many as there is room for within this time, s. With more of them the
 * order is kept less well; with fewer the server waits for people. It is learned between these two.
 */
const LEAST_AHEAD_S = 0.5;
const MOST_AHEAD_S = 8;
const FIRST_AHEAD_S = 1.3;
/** Growth a second while there is room and nobody to take it, and shrinking while those who come find none. */
const AHEAD_UP = 0.35;
const AHEAD_DOWN = 0.25;
/** Below this load there is room for more. */
const FULL_LOAD = 0.97;
/** Visitors called ahead at least: with too few nothing could be learned. */
const LEAST_STOCK = 2;
/** Memory of how many are called and never come, s; and how long they still count as waiting, s. */
const NO_SHOW_MEMORY_S = 10;
const NO_SHOW_STAYS_S = 8;

/** What was measured since the step before. */
export interface Measured {
  /** Offered load of the scarcest resource: 1 is as much as can be done. */
  load: number;
  /** Visitors who went in: for whom the gate found room. */
  entered: number;
  /** Called visitors for whom it found none. They look again in a second. */
  turnedBack: number;
  /** Called ones stood at the door, and there was no room: enough are at hand, whatever the load. */
  crowded: boolean;
  /** Of those who were called: they have not come yet, or there was no room when they came. */
  pending: number;
  /** Called ones who are gone. */
  noShows: number;
  /** Somebody who went in earlier found no room: those inside come first. */
  refusing: boolean;
}

/**
 * How many are called. Room itself is measured by the gate, for each who comes: by the work that is queued, and by what
 * it costs. Here it is seen to that somebody is always at hand for the room that there is, and not many more. Visitors and
 * the load that they bring are measured in the same moment, so it does not matter how long the called ones take to come.
 */
export class AdmissionRate {
  /** Visitors that there is room for in a second. */
  perS: number;
  /** The same over a longer time, and its mean deviation: what an estimate is made of. */
  toldPerS: number;
  deviation: number;
  /** Visitors who went in, and load times seconds, both forgotten alike. */
  private entered: number;
  private loadS = GUESS_S;
  private knownS = GUESS_S;
  private aheadS = FIRST_AHEAD_S;
  private noShowsPerS = 0;
  private owed = 0;

  /** `startPerS`: requests that the server completed a second when it began to refuse. */
  constructor(startPerS: number) {
    this.perS = Math.max(1, startPerS);
    this.entered = this.perS * GUESS_S;
    this.toldPerS = this.perS;
    this.deviation = this.perS / 4;
  }

  /** After `dtS` seconds; gives how many are to be called now, at most `maxPerS` a second. */
  step(measured: Measured, dtS: number, maxPerS: number): number {
    if (dtS <= 0) return 0;
    const { pending, noShows, refusing } = measured;
    const tooFew = isTooFew(measured);
    this.learn(measured, tooFew, dtS);
    this.noShowsPerS = towards(this.noShowsPerS, noShows / dtS, dtS, NO_SHOW_MEMORY_S);
    const stock = Math.max(LEAST_STOCK, this.perS * this.aheadS);
    const coming = Math.max(0, pending - this.noShowsPerS * NO_SHOW_STAYS_S);
    // Of the called ones many may be gone: while the server has nothing to do, as many are called as it could take.
    const wanted = refusing ? 0 : Math.max(tooFew ? this.perS * dtS : 0, stock - coming);
    // A part of a visitor is kept for the next step; what could not be called is not saved up.
    this.owed = (this.owed % 1) + Math.min(wanted, maxPerS * dtS);
    return Math.floor(this.owed);
  }

  private learn({ load, entered, turnedBack }: Measured, tooFew: boolean, dtS: number): void {
    const kept = Math.exp(-dtS / MEMORY_S);
    this.entered = this.entered * kept + entered;
    this.loadS = this.loadS * kept + Math.min(1, load) * dtS;
    // Nearly nothing was measured: the rate stays.
    if (this.loadS > 0.02 * MEMORY_S && this.entered > 0.5) this.perS = this.entered / this.loadS;
    this.knownS += dtS;
    const memoryS = Math.min(TOLD_MEMORY_S, this.knownS / 2);
    this.toldPerS = towards(this.toldPerS, this.perS, dtS, memoryS);
    this.deviation = towards(this.deviation, Math.abs(this.perS - this.toldPerS), dtS, memoryS);
    const change = tooFew ? AHEAD_UP : turnedBack > 0.05 * entered ? -AHEAD_DOWN : 0;
    this.aheadS = Math.min(MOST_AHEAD_S, Math.max(LEAST_AHEAD_S, this.aheadS * (1 + change * dtS)));
  }
}

/** There is room, and nobody of the called ones comes for it. */
const isTooFew = ({ load, turnedBack, crowded, pending }: Measured): boolean =>
  load < FULL_LOAD && turnedBack === 0 && !crowded && pending > 0;

const towards = (before: number, now: number, dtS: number, memoryS: number): number =>
  before + (1 - Math.exp(-dtS / memoryS)) * (now - before);
