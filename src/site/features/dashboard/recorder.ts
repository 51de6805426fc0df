import type { Logger } from 'pino';
import type { Session } from '../../data/types.ts';
import type { CallTask, TaskInput } from '../../tasks/call.ts';

/** Events and sessions that wait for the next write; more are left out, as the chart is no ledger. */
const MAX_WAITING = 500;
/** How often what was collected is written, ms. */
const EVERY_MS = 5_000;
/** A session's last visit is noted this seldom, ms. */
const SEEN_EVERY_MS = 5 * 60_000;

type Batch = TaskInput<'recordActivity'>;

/** Notes what members do, without making them wait: collected in memory and written in one transaction every few seconds. */
export interface Recorder {
  read: (userId: number, postId: number) => void;
  seen: (session: Session) => void;
  flush: () => Promise<void>;
  /** Ends the timer and writes what is left. */
  close: () => Promise<void>;
}

export function createRecorder(call: CallTask, log: Logger): Recorder {
  let events: Batch['events'] = [];
  let sessions = new Map<number, number>();

  const flush = async (): Promise<void> => {
    if (events.length === 0 && sessions.size === 0) return;
    const batch: Batch = { events, sessions: [...sessions].map(([id, at]) => ({ id, at })) };
    events = [];
    sessions = new Map();
    try {
      await call('recordActivity', batch);
    } catch (error) {
      log.warn({ err: error, events: batch.events.length }, 'activity of members was not recorded');
    }
  };
  const timer = setInterval(() => void flush(), EVERY_MS);
  timer.unref();

  return {
    read(userId, postId) {
      if (events.length < MAX_WAITING) events.push({ userId, kind: 'read', at: Date.now(), postId });
    },
    seen(session) {
      const now = Date.now();
      if (now - session.lastSeenAt > SEEN_EVERY_MS && sessions.size < MAX_WAITING) sessions.set(session.id, now);
    },
    flush,
    close() {
      clearInterval(timer);
      return flush();
    },
  };
}
