import type { ScalerOptions } from './options.ts';
import type { FleetSignals } from './signals.ts';

/** What calls for more workers. `queue`: requests wait or are refused; then what they wait for must be asked. */
export interface Pressure {
  cause: 'queue_delay' | 'refusals' | 'lag' | 'blocked' | 'elu';
  queue: boolean;
  /** The queue alone is reason enough. */
  urgent: boolean;
  /** `queue delay 38 ms in 2 beats`. */
  words: string;
}

/**
 * What presses the fleet now, if anything. A signal of single workers counts when at least half of those that are warm
 * have it. In a panic one beat is enough: that the load has doubled is known from elsewhere.
 */
export function pressureOf(fleet: FleetSignals, panic: boolean, options: ScalerOptions): Pressure | undefined {
  const warm = fleet.workers.filter((worker) => worker.warm);
  const judged = warm.length > 0 ? warm : fleet.workers;
  if (judged.length === 0) return undefined;
  const half = (hot: FleetSignals['workers']): boolean => hot.length > 0 && hot.length * 2 >= judged.length;

  const beatsNeeded = panic ? 1 : options.queueBeats;
  const queued = judged.filter((worker) => worker.queued >= beatsNeeded);
  if (half(queued)) {
    const delayMs = Math.max(...queued.map(({ beat }) => beat.queueDelayMs));
    const beats = Math.max(...queued.map((worker) => worker.queued));
    return {
      cause: 'queue_delay',
      queue: true,
      urgent: delayMs > options.queueUpMs * options.queueUrgent,
      words: `queue delay ${Math.round(delayMs)} ms in ${inBeats(beats)}`,
    };
  }
  const refusing = judged.filter((worker) => worker.refused >= beatsNeeded);
  if (half(refusing)) {
    const beats = Math.max(...refusing.map((worker) => worker.refused));
    return { cause: 'refusals', queue: true, urgent: false, words: `the gate refuses in ${inBeats(beats)}` };
  }
  const blocked = judged.filter((worker) => worker.blocked);
  if (half(blocked))
    return { cause: 'blocked', queue: false, urgent: false, words: `${blocked[0]?.name} does not answer` };
  const lagged = judged.filter((worker) => worker.lagged >= beatsNeeded && worker.elu >= options.lagLeastElu);
  if (half(lagged)) {
    const lagMs = Math.max(...lagged.map(({ beat }) => beat.lagP99Ms));
    return { cause: 'lag', queue: false, urgent: false, words: `event-loop lag ${Math.round(lagMs)} ms (p99)` };
  }
  if (fleet.elu > options.eluUp) {
    return { cause: 'elu', queue: false, urgent: false, words: `event-loop utilisation ${fleet.elu.toFixed(2)}` };
  }
  return undefined;
}

/** Beats shown one by one; more are shown as time. */
const FEW_BEATS = 20;
const BEATS_PER_SECOND = 10;
const inBeats = (beats: number): string =>
  beats > FEW_BEATS ? `beats of ${Math.round(beats / BEATS_PER_SECOND)} s` : beats === 1 ? '1 beat' : `${beats} beats`;
