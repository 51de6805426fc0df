import type { FromMonitor, ToMonitor } from '../monitor-messages.ts';
import type { Sample } from '../monitor-sample.ts';
import { History } from './history.ts';
import type { TrafficDb } from './traffic-db.ts';

export interface MonitorParts {
  db: TrafficDb;
  /** To the primary. */
  send: (message: FromMonitor) => void;
}

/** What the monitor knows, and what happens with each message of the primary. */
export interface Monitor {
  readonly history: History;
  take: (message: ToMonitor) => void;
  /** Tells each sample from now on. Returns how to stop that. */
  subscribe: (listener: (sample: Sample) => void) => () => void;
  /** Tells each message of this type. One listener per type. */
  on: <Type extends ToMonitor['type']>(
    type: Type,
    listener: (message: Extract<ToMonitor, { type: Type }>) => void,
  ) => void;
  send: (message: FromMonitor) => void;
}

export function createMonitor({ db, send }: MonitorParts): Monitor {
  const history = new History(db);
  const subscribers = new Set<(sample: Sample) => void>();
  const listeners = new Map<string, (message: never) => void>();

  return {
    history,
    take(message) {
      if (message.type === 'sample') {
        history.add(message.sample);
        for (const subscriber of subscribers) subscriber(message.sample);
        send({ type: 'pulse' });
      } else if (message.type === 'event') history.note(message.event);
      listeners.get(message.type)?.(message as never);
    },
    subscribe(listener) {
      subscribers.add(listener);
      return () => subscribers.delete(listener);
    },
    on(type, listener) {
      listeners.set(type, listener as (message: never) => void);
    },
    send,
  };
}
