/** Offered load that the room steers to: 1 is as much as can be done, and the gate's short queue takes up the chance in it. */
const TARGET_LOAD = 1;
/** How fast the rate follows the load, per second: a called visitor comes within a second or two, and only then is measured. */
const GAIN_PER_S = 0.5;
/** Most of the error (natural logarithm of target over load) that counts in a step. */
const MAX_UP = 0.35;
const MAX_DOWN = -0.7;
/** While visitors who were let in find no room the rate falls at least as if the load were so far over the target. */
const REFUSING = -0.1;
/** Never less, calls a second: a line that stands still would never be measured again. */
export const LEAST_RATE = 0.2;
/** Memory of the measured rate, s: what an estimate is made of. */
const MEMORY_S = 8;

/** What the server is like, over the last moment. */
export interface Measured {
  /** Offered load of the scarcest resource: 1 is as much as can be done. */
  load: number;
  /** Somebody who was let in found no room. */
  refusing: boolean;
}

/**
 * How many are called in a second. It follows what is measured: as long as the load is below what can be done it grows,
 * over it, it falls. Nobody guesses a number.
 */
export class AdmissionRate {
  /** Calls a second, now. */
  perS: number;
  /** Calls made a second, over the last moment, and its mean deviation. */
  meanPerS: number;
  deviation: number;
  private readonly maxPerS: number;
  private owed = 0;

  /** `startPerS`: requests that the server completed a second when it began to refuse. */
  constructor(startPerS: number, maxPerS: number) {
    this.maxPerS = maxPerS;
    this.perS = bounded(startPerS, maxPerS);
    this.meanPerS = this.perS;
    this.deviation = this.perS / 4;
  }

  /** After `dtS` seconds; gives how many may be called now. */
  step({ load, refusing }: Measured, dtS: number): number {
    const error = Math.min(MAX_UP, Math.max(MAX_DOWN, Math.log(TARGET_LOAD / Math.max(load, 0.01))));
    const felt = refusing ? Math.min(error, REFUSING) : error;
    this.perS = bounded(this.perS * Math.exp(felt * GAIN_PER_S * dtS), this.maxPerS);
    // What was not called for want of tickets is not saved up: a burst would be the next surge.
    this.owed = Math.min(this.owed + this.perS * dtS, Math.max(1, this.perS * Math.max(dtS, 0.5)));
    const due = Math.floor(this.owed);
    this.owed -= due;
    return due;
  }

  /** So many were called in the last `dtS` seconds. */
  note(called: number, dtS: number): void {
    if (dtS <= 0) return;
    const weight = 1 - Math.exp(-dtS / MEMORY_S);
    const perS = called / dtS;
    this.meanPerS += weight * (perS - this.meanPerS);
    this.deviation += weight * (Math.abs(this.perS - this.meanPerS) - this.deviation);
  }
}

const bounded = (perS: number, maxPerS: number): number =>
  Math.min(Math.max(LEAST_RATE, maxPerS), Math.max(LEAST_RATE, perS));
