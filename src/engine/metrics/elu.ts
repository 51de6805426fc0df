import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** Gives, at each call, the share of time since the call before that the event loop was busy, 0 to 1. */
export function createElu(
  read: () => Pick<EventLoopUtilization, 'idle' | 'active'> = () => performance.eventLoopUtilization(),
): () => number {
  let last = read();
  return () => {
    const now = read();
    const active = now.active - last.active;
    const total = active + now.idle - last.idle;
    last = now;
    return total <= 0 ? 0 : Math.min(1, Math.max(0, active / total));
  };
}
