import { createHistogram, performance } from 'node:perf_hooks';
import { type Quantiles, quantiles } from './tally.ts';

/** How well a generator kept its times. */
export interface Punctuality {
  /** Actual minus intended time. */
  sendLag: Quantiles;
  /** Event-loop utilisation over the load, 0..1. */
  elu: number;
}

export const MAX_SEND_LAG_P99_MS = 5;
export const MAX_GENERATOR_ELU = 0.8;

/** Why the numbers of a generator in this condition mean nothing; undefined: they are sound. `maxSendLagMs`: lateness at p99. */
export function voidReason({ sendLag, elu }: Punctuality, maxSendLagMs = MAX_SEND_LAG_P99_MS): string | undefined {
  if (sendLag.p99Ms > maxSendLagMs) return `the generator sent ${sendLag.p99Ms.toFixed(1)} ms late (p99)`;
  if (elu > MAX_GENERATOR_ELU) return `the generator was busy ${(elu * 100).toFixed(0)} % of the time`;
  return undefined;
}

const TICK_MS = 2;
/** Timers of Node are due at whole milliseconds: a timer is up to 1 ms late without anything being wrong. */
const TIMER_GRAIN_MS = 1;

/** Watches a generator without a timetable of its own (a closed loop, held connections) by the lag of a timer. */
export function watchPunctuality(): { stop: () => Punctuality } {
  const lag = createHistogram();
  const eluAtStart = performance.eventLoopUtilization();
  let due = performance.now() + TICK_MS;
  let timer: NodeJS.Timeout;
  const tick = (): void => {
    const now = performance.now();
    lag.record(Math.max(1, Math.round((now - due - TIMER_GRAIN_MS) * 1000)));
    due = now + TICK_MS;
    timer = setTimeout(tick, TICK_MS);
  };
  timer = setTimeout(tick, TICK_MS);
  return {
    stop() {
      clearTimeout(timer);
      return { sendLag: quantiles(lag), elu: performance.eventLoopUtilization(eluAtStart).utilization };
    },
  };
}
