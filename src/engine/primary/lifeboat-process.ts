import type { fork } from 'node:child_process';
import type { Logger } from 'pino';
import { type Downward, type Upward, upwardSchema } from '../beats.ts';
import type { PortHandle } from '../link.ts';
import { type Ending, keepProcess } from './kept-process.ts';
import type { Release } from './release.ts';

/** Time in which a lifeboat that another one replaces gives its visitors back, ms: its hold, and a moment for their answers. */
const RETIRE_MS = 2_500;

export interface LifeboatKeeper {
  /** A live process holds the port now, or is about to, or has not yet said that it no longer does. */
  readonly active: boolean;
  readonly pid: number | undefined;
  /** Lends it the port, or asks it to leave. Does nothing when that is so already. */
  setNeeded: (needed: boolean) => void;
  send: (message: Downward) => void;
  /** Ends it when its visitors are back with the workers. */
  retire: () => void;
  stop: () => void;
}

export interface LifeboatKeeperOptions {
  release: Release;
  env: NodeJS.ProcessEnv;
  handle: PortHandle;
  backlog: () => number;
  log: Logger;
  /** `handle`: a visitor's connection, with some messages. `reply`: to this lifeboat, which may not be the current one. */
  onMessage: (message: Upward, handle: PortHandle | undefined, reply: (message: Downward) => void) => void;
  /** A new lifeboat is up: tell it what it must know. */
  onStart: () => void;
  /** It died, or could not be started; what it had not done yet is not to be waited for. */
  onExit: (ending: Ending) => void;
  /** How long to wait before it is started again, ms. */
  restartDelayMs: () => number;
  /** For tests. */
  spawn?: typeof fork;
}

/** Keeps one lifeboat process, warm and not listening, and lends it the port while it is needed. */
export function keepLifeboat(options: LifeboatKeeperOptions): LifeboatKeeper {
  let ready = false;
  let needed = false;
  let lent = false;
  /** From the loan on, until it says that it no longer accepts. */
  let holding = false;

  const lend = (): void => {
    if (!ready || lent) return;
    lent = true;
    holding = true;
    send({ type: 'listen', backlog: options.backlog(), slowStart: false }, options.handle);
  };
  const kept = keepProcess<Upward>({
    ...options,
    role: 'lifeboat',
    read(raw) {
      const parsed = upwardSchema.safeParse(raw);
      return parsed.success ? parsed.data : undefined;
    },
    onMessage(message, handle, born) {
      if (message.type === 'ready') {
        ready = true;
        options.onStart();
        if (needed) lend();
      }
      // Called again meanwhile, it holds the port again.
      if (message.type === 'port-closed' && !lent) holding = false;
      options.onMessage(message, handle, (reply) => {
        if (kept.child === born) send(reply);
      });
    },
    onExit(ending) {
      ready = false;
      lent = false;
      holding = false;
      options.onExit(ending);
    },
  });
  const send = (message: Downward, handle?: PortHandle): void => void kept.send(message, handle);
  const setNeeded = (next: boolean): void => {
    if (next === needed) return;
    needed = next;
    if (needed) lend();
    else {
      lent = false;
      send({ type: 'leave' });
    }
  };
  return {
    get active() {
      return holding;
    },
    get pid() {
      return kept.child?.pid;
    },
    setNeeded,
    send: (message) => send(message),
    retire() {
      kept.letGo();
      setNeeded(false);
      setTimeout(kept.stop, RETIRE_MS).unref();
    },
    stop: kept.stop,
  };
}
