import type { Mode } from '../beats.ts';
import type { OpsEvent } from '../monitor-sample.ts';

/** A change between calm and busy is told when it has lasted so long, ms: a load at the edge goes to and fro. */
export const SOFT_CHANGE_MS = 5_000;

const isHard = (mode: Mode): boolean => mode === 'saturated' || mode === 'down';

/** Which changes of the mode are marked on the time axis: hard ones at once, the others when they last. */
export class ModeMarks {
  /** Since when the mode is what it is, epoch ms. */
  since: number;
  private mode: Mode | undefined;
  private told: Mode | undefined;

  constructor(now: number) {
    this.since = now;
  }

  /** The mode is this at `now`, epoch ms. */
  look(mode: Mode, reason: string, now: number): OpsEvent | undefined {
    if (mode !== this.mode) this.since = now;
    this.mode = mode;
    this.told ??= mode;
    const isSoft = isHard(mode) === isHard(this.told);
    if (mode === this.told || (isSoft && now - this.since < SOFT_CHANGE_MS)) return undefined;
    const text = `${this.told} -> ${mode}: ${reason}`;
    this.told = mode;
    return { at: this.since, kind: 'mode', text, severity: isHard(mode) ? 'warn' : 'info' };
  }
}
