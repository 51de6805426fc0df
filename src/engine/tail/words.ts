import type { GateView } from '../admission/gate.ts';
import type { CacheUse } from '../metrics/recorder.ts';
import type { Way, Why } from './way.ts';

/** `0.4 ms`, `38 ms`, `3.1 s`, `4 min`. */
export function time(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return ms === Number.POSITIVE_INFINITY ? 'no end' : `${Math.round(ms / 60_000)} min`;
}

const deadline = (ms: number): string => (ms === Number.POSITIVE_INFINITY ? 'no deadline' : `deadline ${time(ms)}`);

/** What the gate saw of a request that it let in. */
export function gateWords({ aheadMs, laneMs, placeMs, boundMs, remainingMs }: GateView): string {
  const waits = [
    ...(aheadMs > 0 ? [`${time(aheadMs)} of work ahead of at most ${time(boundMs)}`] : []),
    ...(laneMs > 0 ? [`${time(laneMs)} before the pool`] : []),
    ...(placeMs > 0 ? [`${time(placeMs)} before a place of its route`] : []),
  ];
  return `let in: ${waits.length === 0 ? 'nothing ahead' : waits.join(', ')}, ${deadline(remainingMs)}`;
}

/** Why a request got no room. `waitedMs`: since it was queued; `tookMs`: since its arrival. */
export function whyWords({ why, gate }: Way, waitedMs: number, tookMs: number): string {
  const cause = why === undefined || why === 'renders' || why === 'line' ? (gate?.why ?? why) : why;
  if (cause === undefined) return '';
  return cause === gate?.why ? refusedAtGate(cause, gate) : refusedLater(cause, gate, waitedMs, tookMs);
}

function refusedAtGate(why: Why, gate: GateView): string {
  const { aheadMs, laneMs, placeMs, needMs, boundMs, remainingMs } = gate;
  switch (why) {
    case 'queue':
      return `${time(aheadMs)} of work ahead, and at most ${time(boundMs)} may be`;
    case 'deadline': {
      const own = needMs > 0 ? ` and ${time(needMs)} of its own` : '';
      return `${time(aheadMs + laneMs + placeMs)} of work ahead${own}, ${deadline(remainingMs)}`;
    }
    case 'concurrency':
      return placeMs === Number.POSITIVE_INFINITY
        ? 'its route has no place, and too many wait for one'
        : `its route has no place: the next one in about ${time(placeMs)}, ${deadline(remainingMs)}`;
    case 'pool':
      return 'the thread pool takes no more of its tasks';
    default:
      return 'too many streams are open';
  }
}

function refusedLater(why: Why, gate: GateView | undefined, waitedMs: number, tookMs: number): string {
  const within = gate === undefined ? '' : `, ${deadline(gate.remainingMs)}`;
  switch (why) {
    case 'queue':
      return `let in and told to wait after all: too much came behind the bound that fell (${time(waitedMs)} in the queue)`;
    case 'codel':
      return `${time(waitedMs)} in the queue, longer than what it was let in for`;
    case 'concurrency':
      return `${time(waitedMs)} without a place of its route`;
    case 'expired':
      return `${time(tookMs)} waited in vain${within}`;
    case 'late':
      return `the site was not done after ${time(tookMs)}${within}`;
    case 'bodies':
      return 'no room for its body: too many are read at once';
    case 'renders':
      return 'its page could not be rendered: the render failed, or too many are under way';
    case 'waiters':
      return 'too many wait for its page already';
    case 'line':
      return 'it waits in the line of the waiting room';
    case 'records':
      return 'it is not known whether it was done before: the records are away';
    default:
      return `there was no room: ${why}`;
  }
}

/** What the page cache did. `ageMs`: of the copy that was served. */
export function cacheWords(use: CacheUse, ageMs: number | undefined): string {
  const age = ageMs === undefined ? '' : `, ${time(ageMs)} old`;
  switch (use) {
    case 'fresh':
      return `a fresh copy${age}`;
    case 'revalidate':
      return `a copy${age}, rendered anew behind the visitor`;
    case 'last_good':
      return `the last good copy${age}`;
    case 'miss':
      return 'no fresh copy: rendered for all who ask for it';
    case 'bypass':
      return 'not from the cache: made for this visitor';
    default:
      return 'no copy that would do';
  }
}
