import {
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
  isBrokenCircuitError,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import type { TrafficDb } from '../traffic-db.ts';
import type { Channel } from './channels.ts';
import type { AlertMessage } from './message.ts';
import { OutboxStore, type Waiting } from './outbox-store.ts';
import { DeliveryError } from './post.ts';

export interface OutboxOptions {
  timeoutMs: number;
  /** Pause after the first failure, doubled with each; with half of it as jitter either way. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** After so long a message is given up: it is no news any more. */
  giveUpMs: number;
  /** So many failures running, and the channel is left alone for a time. */
  breakAfter: number;
  breakMs: number;
}

export const OUTBOX_DEFAULTS: OutboxOptions = {
  timeoutMs: 10_000,
  firstPauseMs: 2_000,
  longestPauseMs: 300_000,
  giveUpMs: 86_400_000,
  breakAfter: 5,
  breakMs: 60_000,
};

export interface OutboxParts {
  db: TrafficDb;
  channels: readonly Channel[];
  log: { warn: (fields: object, text: string) => void };
  options?: OutboxOptions;
  now?: () => number;
  random?: () => number;
}

export interface Outbox {
  readonly waiting: number;
  /** Queues a message for every channel; may be called in a transaction. */
  add: (message: AlertMessage) => void;
  /** Sends what is due, and comes back by itself for what is due later. */
  flush: () => Promise<void>;
  /** Sends nothing more; resolves when what is on its way has ended. */
  stop: () => Promise<void>;
}

/** Sends queued messages, each channel by itself and in order, until they arrive or are no news any more. */
export function createOutbox({
  db,
  channels,
  log,
  options = OUTBOX_DEFAULTS,
  now = Date.now,
  random = Math.random,
}: OutboxParts): Outbox {
  const store = new OutboxStore(db);
  const lines = new Map(channels.map((channel) => [channel.name, lineOf(channel, options)]));
  const busy = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const failed = (waiting: Waiting, error: unknown): void => {
    const known = error instanceof DeliveryError ? error : undefined;
    const isOld = now() - waiting.createdAt > options.giveUpMs;
    const why = isBrokenCircuitError(error)
      ? 'it failed too often, and is left alone for a time'
      : error instanceof Error
        ? error.message
        : String(error);
    const fields = { channel: waiting.channel, message: waiting.message.id, attempts: waiting.attempts + 1, why };
    if (known?.isFinal || isOld) {
      log.warn(fields, 'an alert could not be told and is given up');
      store.done(waiting, 'given up');
      return;
    }
    if (waiting.attempts === 0) log.warn(fields, 'an alert could not be told; it is tried again');
    const pauseMs = Math.min(options.longestPauseMs, options.firstPauseMs * 2 ** Math.min(20, waiting.attempts));
    store.again(waiting, now() + Math.max(pauseMs * (0.5 + random()), Math.min(known?.retryAfterMs ?? 0, 3_600_000)));
  };
  const deliver = (waiting: Waiting): Promise<void> => {
    const delivery = tryOnce(waiting).finally(() => busy.delete(waiting.channel));
    busy.set(waiting.channel, delivery);
    return delivery;
  };
  const tryOnce = async (waiting: Waiting): Promise<void> => {
    const line = lines.get(waiting.channel);
    if (line === undefined) {
      // The settings name it no longer.
      store.done(waiting, 'given up');
      return;
    }
    try {
      await line(waiting.message);
      store.done(waiting, 'sent');
    } catch (error) {
      failed(waiting, error);
    }
  };
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    while (!stopped) {
      const due = store.next().filter(({ channel, nextAt }) => nextAt <= now() && !busy.has(channel));
      if (due.length === 0) break;
      await Promise.all(due.map(deliver));
    }
    if (stopped) return;
    const soonest = store.next().find(({ channel }) => !busy.has(channel));
    if (soonest === undefined) return;
    timer = setTimeout(() => void flush(), Math.max(10, soonest.nextAt - now()));
    timer.unref();
  };

  return {
    get waiting() {
      return store.waiting;
    },
    add(message) {
      let dropped = 0;
      for (const { name } of channels) dropped += store.add(message, name, now());
      if (dropped > 0) log.warn({ dropped }, 'too many alerts wait to be told: the oldest are given up');
    },
    flush,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await Promise.all(busy.values());
    },
  };
}

/** A channel with its time-out and its breaker. */
function lineOf(
  channel: Channel,
  { timeoutMs, breakAfter, breakMs }: OutboxOptions,
): (message: AlertMessage) => Promise<void> {
  const policy = wrap(
    circuitBreaker(handleAll, { halfOpenAfter: breakMs, breaker: new ConsecutiveBreaker(breakAfter) }),
    timeout(timeoutMs, TimeoutStrategy.Aggressive),
  );
  return (message) => policy.execute(({ signal }) => channel.send(message, signal));
}
