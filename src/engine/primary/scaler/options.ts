/** Parameters of the scaler. Times in ms, shares from 0 to 1. */
export interface ScalerOptions {
  /** Queue delay over which a worker has too much to do. CoDel's least target: what waits longer is a standing queue. */
  queueUpMs: number;
  /** Beats running in which that must be so: one beat (100 ms) may be a burst. */
  queueBeats: number;
  /** Times `queueUpMs` at which the queue alone is reason enough, whatever the utilisation. */
  queueUrgent: number;
  /** Event-loop lag (p99 over a second) over which a worker has too much to do. */
  lagUpMs: number;
  /** Utilisation under which a lag is a lone stall in an idle second, which no second worker would shorten. */
  lagLeastElu: number;
  /** Mean utilisation (smoothed over 1 s) of the fleet over which it grows. Queueing theory's knee: at 0.8 the mean wait is 4 services. */
  eluUp: number;
  /** Utilisation from which the event loop itself, and not what it waits for, makes the queue. */
  eluBound: number;
  /**
   * Idle part of a core that one more worker needs. Half an idle core is half a worker's gain: what a step brings is
   * measured, and one that brings nothing is undone.
   */
  idleCores: number;
  /** Idle part of a core without which no spare is forked: its start takes a whole one for some 300 ms. */
  spareIdleCores: number;
  /** Share of the quota's periods throttled over which more workers only use the quota up sooner. */
  throttledShare: number;
  /** No step that takes the memory in use past this share of the limit. */
  memoryShare: number;
  /** Share of a worker's time spent waiting for database locks over which another worker would wait too. */
  lockShare: number;
  /** Utilisation under which, though requests wait, the loops stand idle: what they wait for lies outside. */
  eluIdle: number;
  /** How long the fleet must be pressed while its loops stand idle before the upstream is named as the cause. */
  upstreamMs: number;
  /** After a step, the time in which the new worker warms up (slow start) and connections spread: no further step. In a panic the shorter one. */
  settleMs: number;
  panicSettleMs: number;
  /** A panic: the load is this many times what it was over the window. Knative's panic window is 6 s at 2 times. */
  panicFactor: number;
  panicWindowMs: number;
  /** Most workers that one step of a panic adds; steps go 1, 2, 4... up to it. */
  panicStepMax: number;
  /** How long a step is measured after it settled, and the least share of the ideal gain in throughput that keeps it. */
  trialMs: number;
  trialGain: number;
  /** How long a step that brought nothing is not tried again: the first time; doubled each further time, up to the last. */
  uselessMs: number;
  uselessMaxMs: number;
  /** A projection onto one worker less is calm under this utilisation, and must be so for this long. */
  calmElu: number;
  calmMs: number;
  /** A step up within this time of a step down is a flap: the calm time is multiplied once more by the factor, up to the most. */
  flapWindowMs: number;
  flapFactor: number;
  flapMax: number;
  /** What the multiplier has over 1 halves in this time. (uWSGI's busyness plugin raises and lowers its multiplier likewise.) */
  flapHalfLifeMs: number;
}

export const SCALER_DEFAULTS: ScalerOptions = {
  queueUpMs: 20,
  queueBeats: 2,
  queueUrgent: 4,
  lagUpMs: 40,
  lagLeastElu: 0.5,
  eluUp: 0.8,
  eluBound: 0.7,
  idleCores: 0.2,
  spareIdleCores: 0.6,
  throttledShare: 0.2,
  memoryShare: 0.85,
  lockShare: 0.2,
  eluIdle: 0.5,
  upstreamMs: 1_000,
  settleMs: 1_000,
  panicSettleMs: 300,
  panicFactor: 2,
  panicWindowMs: 6_000,
  panicStepMax: 4,
  trialMs: 3_000,
  trialGain: 0.2,
  uselessMs: 60_000,
  uselessMaxMs: 1_800_000,
  calmElu: 0.6,
  calmMs: 60_000,
  flapWindowMs: 180_000,
  flapFactor: 2,
  flapMax: 16,
  flapHalfLifeMs: 1_800_000,
};
