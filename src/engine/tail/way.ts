import type { GateView } from '../admission/gate.ts';
import type { Refusal } from '../admission/job.ts';
import type { Flight } from '../admission/route-work.ts';

/**
 * Why a request got no room, where it is not the gate's answer on its arrival: dropped later by the dispatcher; the site was
 * at work on it when its deadline came (`late`); no room for its body (`bodies`), its page cannot be rendered now (`renders`)
 * or too many wait for it (`waiters`); it waits in line (`line`); what was done once is not known (`records`).
 */
export type Why = Refusal | 'late' | 'bodies' | 'renders' | 'waiters' | 'line' | 'records';

/** The work that is done for a request: the site's answer, or the render of a page. Clock of `performance.now()`, ms. */
export interface WorkOnWay {
  /** Undefined: it was not queued yet. */
  readonly queuedAt: number | undefined;
  /** Undefined until it runs. */
  readonly flight: Flight | undefined;
}

/** Marks of a request on its way. There is one only while somebody watches. Clock of `performance.now()`, ms. */
export class Way {
  /** It was answered from bytes, without the HTTP parser. */
  plain = false;
  /** The body was complete, or the line let it go; 0: neither was waited for. */
  readyAt = 0;
  /** When the gate judged it; 0: it never did. */
  gateAt = 0;
  gate: GateView | undefined;
  work: WorkOnWay | undefined;
  why: Why | undefined;

  /** `gate`: what the gate sees of it now. */
  atGate(gate: GateView): void {
    this.gateAt = performance.now();
    this.gate = gate;
  }

  /** It gets no room. What was said first is the cause. */
  refused(why: Why): void {
    this.why ??= why;
  }
}
