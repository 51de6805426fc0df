import { rank } from '../admission/job.ts';
import type { Priority } from '../site.ts';

/** Who was turned away counts for so long, ms: about until the waiting page asks again. */
const TURNED_AWAY_MS = 1_000;
/** Pages of which this is remembered: more than are rendered at once. */
export const MAX_REMEMBERED = 4_096;
/**
 * The priority that a render rises to with those who ask for its page. Measured at 10 times the capacity, members' work
 * beside a page that nobody has rendered yet: 99.9 % of the visitors got the page instead of 0 to 3.5 %, and the work kept
 * 82 % of the capacity; beside 1,000 such pages 72 % instead of 0 to 1 %.
 */
const RISES: readonly { asked: number; priority: Priority }[] = [
  { asked: 8, priority: 'critical' },
  { asked: 3, priority: 'normal' },
];
const MAX_COUNTED = RISES[0]!.asked;

/**
 * The more important of a visitor's own priority and the one of a page that `asked` visitors want at once. In a surge a
 * render that hardly anybody asks for is worth least of all: beside 1,000 cold pages the members' work had 31 % of the
 * capacity when such renders had the share of low ones, and 41 % so, with the pages for 2 to 3 % fewer visitors.
 */
export function risen(own: Priority, asked: number, inSurge: boolean): Priority {
  const rise = RISES.find((step) => asked >= step.asked);
  if (rise === undefined && inSurge && own === 'low') return 'background';
  return rise === undefined || rank(own) <= rank(rise.priority) ? own : rise.priority;
}

/** How many visitors were turned away in the last second, by page. Bounded: the page longest without one is forgotten. */
export class TurnedAway {
  /** The times of the last few, oldest first. */
  private readonly times = new Map<string, number[]>();
  private readonly now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** Pages that are remembered. */
  get size(): number {
    return this.times.size;
  }

  note(key: string): void {
    const times = this.times.get(key) ?? [];
    // The last place is for the page that was asked for last.
    this.times.delete(key);
    times.push(this.now());
    if (times.length > MAX_COUNTED) times.shift();
    if (this.times.size >= MAX_REMEMBERED) this.times.delete(this.times.keys().next().value!);
    this.times.set(key, times);
  }

  /** Those of the last second, as far as they make a difference. */
  count(key: string): number {
    const times = this.times.get(key);
    if (times === undefined) return 0;
    const since = this.now() - TURNED_AWAY_MS;
    while (times.length > 0 && times[0]! <= since) times.shift();
    if (times.length === 0) this.times.delete(key);
    return times.length;
  }
}
