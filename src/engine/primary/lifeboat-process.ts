import { type ChildProcess, fork } from 'node:child_process';
import type { Logger } from 'pino';
import { type Downward, type Upward, upwardSchema } from '../beats.ts';
import type { PortHandle } from '../link.ts';
import { onEnd } from './child-end.ts';
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
  onExit: (ending: { how: string; killed: boolean; livedMs: number }) => void;
  /** How long to wait before it is started again, ms. */
  restartDelayMs: () => number;
  /** For tests. */
  spawn?: typeof fork;
}

/** Keeps one lifeboat process, warm and not listening, and lends it the port while it is needed. */
export function keepLifeboat(options: LifeboatKeeperOptions): LifeboatKeeper {
  const { log, spawn = fork } = options;
  let child: ChildProcess | undefined;
  let ready = false;
  let needed = false;
  let lent = false;
  /** From the loan on, until it says that it no longer accepts. */
  let holding = false;
  let stopped = false;

  const send = (message: Downward, handle?: PortHandle): void => {
    if (child?.connected) child.send(message, handle as never, () => {});
  };
  const lend = (): void => {
    if (!ready || lent) return;
    lent = true;
    holding = true;
    send({ type: 'listen', backlog: options.backlog(), slowStart: false }, options.handle);
  };
  const startAgain = (how: string, killed: boolean, livedMs: number): void => {
    options.onExit({ how, killed, livedMs });
    const restartInMs = Math.round(options.restartDelayMs());
    log.warn({ how, restartInMs }, 'lifeboat died: started again');
    setTimeout(() => {
      if (!stopped) start();
    }, restartInMs);
  };
  const start = (): void => {
    try {
      follow(
        spawn(options.release.main, [], {
          env: { ...options.env, TAHAN_INTERNAL_ROLE: 'lifeboat' },
          cwd: options.release.cwd,
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        }),
      );
    } catch (error) {
      // Without memory for a process, `fork` throws.
      startAgain(`not started: ${error instanceof Error ? error.message : String(error)}`, false, 0);
    }
  };
  const follow = (born: ChildProcess): void => {
    child = born;
    const bornAt = performance.now();
    onEnd(born, (how, signal) => {
      if (child !== born) return;
      child = undefined;
      ready = false;
      lent = false;
      holding = false;
      if (!stopped) startAgain(how, signal !== null, performance.now() - bornAt);
    });
    born.on('message', (raw: unknown, handle: unknown) => {
      const parsed = upwardSchema.safeParse(raw);
      if (!parsed.success || child !== born) {
        (handle as PortHandle | undefined)?.close();
        return;
      }
      if (parsed.data.type === 'ready') {
        ready = true;
        options.onStart();
        if (needed) lend();
      }
      // Called again meanwhile, it holds the port again.
      if (parsed.data.type === 'port-closed' && !lent) holding = false;
      options.onMessage(parsed.data, handle as PortHandle | undefined, (message) => {
        if (child === born) send(message);
      });
    });
  };
  const stop = (): void => {
    stopped = true;
    child?.kill('SIGKILL');
  };
  const setNeeded = (next: boolean): void => {
    if (next === needed) return;
    needed = next;
    if (needed) lend();
    else {
      lent = false;
      send({ type: 'leave' });
    }
  };
  start();
  return {
    get active() {
      return holding;
    },
    get pid() {
      return child?.pid;
    },
    setNeeded,
    send: (message) => send(message),
    retire() {
      stopped = true;
      setNeeded(false);
      setTimeout(stop, RETIRE_MS).unref();
    },
    stop,
  };
}
