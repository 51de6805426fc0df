import type { Mode } from '../beats.ts';
import type { PlannedEvent } from '../events/event.ts';
import type { WorkerView } from './view.ts';

/** What an event was like; kept in the data folder while it goes on, so that a restart goes on with it. */
export interface EventReport {
  id: string;
  name: string;
  /** As it was written, and for how long, ms. */
  at: string;
  forMs: number;
  /** Epoch ms; null: it goes on. */
  preparedAt: number;
  endedAt: number | null;
  arrived: number;
  completed: number;
  refused: number;
  mostWaiting: number;
  mostWorkers: number;
  /** Milliseconds in each mode. */
  modes: Record<Mode, number>;
}

export const reportAtStart = ({ id, name, at, forMs }: PlannedEvent, now: number): EventReport => ({
  id,
  name,
  at,
  forMs,
  preparedAt: now,
  endedAt: null,
  arrived: 0,
  completed: 0,
  refused: 0,
  mostWaiting: 0,
  mostWorkers: 0,
  modes: { calm: 0, busy: 0, saturated: 0, down: 0 },
});

/** What was counted since the last look, over all workers; their counters begin anew with each process. */
export class Increments {
  private last = new Map<string, { arrived: number; completed: number; refused: number }>();

  take(workers: readonly WorkerView[]): { arrived: number; completed: number; refused: number } {
    const sum = { arrived: 0, completed: 0, refused: 0 };
    const now: typeof this.last = new Map();
    for (const { name, beat } of workers) {
      if (beat === undefined) continue;
      const { arrived, completed, refused } = beat;
      now.set(name, { arrived, completed, refused });
      const before = this.last.get(name);
      if (before === undefined) continue;
      sum.arrived += Math.max(0, arrived - before.arrived);
      sum.completed += Math.max(0, completed - before.completed);
      sum.refused += Math.max(0, refused - before.refused);
    }
    this.last = now;
    return sum;
  }
}

export const reportLine = ({ name, arrived, completed, refused, mostWaiting, mostWorkers }: EventReport): string =>
  `event "${name}" is over: ${arrived} requests, ${completed} done by the site, ${refused} refused, at most ${Math.round(mostWaiting)} in line, at most ${mostWorkers} workers; all is as before`;
