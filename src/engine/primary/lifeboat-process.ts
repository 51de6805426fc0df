import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { type Downward, type Upward, upwardSchema } from '../beats.ts';
import type { PortHandle } from '../link.ts';

export interface LifeboatKeeper {
  /** It holds the port now (or is about to). */
  readonly active: boolean;
  readonly pid: number | undefined;
  /** Lends it the port, or asks it to leave. Does nothing when that is so already. */
  setWanted: (wanted: boolean) => void;
  send: (message: Downward) => void;
  stop: () => void;
}

export interface LifeboatKeeperOptions {
  main: URL;
  env: NodeJS.ProcessEnv;
  handle: PortHandle;
  backlog: number;
  log: Logger;
  onMessage: (message: Upward) => void;
  /** A new lifeboat is up: tell it what it must know. */
  onStart: () => void;
  /** It died; what it had not done yet is not to be waited for. */
  onExit: () => void;
  /** How long to wait before it is started again, ms. */
  restartDelayMs: () => number;
}

/** Keeps one lifeboat process, warm and not listening, and lends it the port while it is wanted. */
export function keepLifeboat(options: LifeboatKeeperOptions): LifeboatKeeper {
  let child: ChildProcess | undefined;
  let wanted = false;
  let lent = false;
  let stopped = false;

  const send = (message: Downward, handle?: PortHandle): void => {
    if (child?.connected) child.send(message, handle as never, () => {});
  };
  const lend = (): void => {
    lent = true;
    send({ type: 'listen', backlog: options.backlog, slowStart: false }, options.handle);
  };
  const start = (): void => {
    lent = false;
    child = fork(fileURLToPath(options.main), [], {
      env: { ...options.env, TAHAN_INTERNAL_ROLE: 'lifeboat' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.on('message', (raw: unknown) => {
      const parsed = upwardSchema.safeParse(raw);
      if (!parsed.success) return;
      if (parsed.data.type === 'ready') {
        options.onStart();
        if (wanted) lend();
      }
      options.onMessage(parsed.data);
    });
    child.on('error', (error) => options.log.warn({ error: error.message }, 'lifeboat process error'));
    child.on('exit', (code, signal) => {
      child = undefined;
      lent = false;
      options.onExit();
      if (stopped) return;
      const delayMs = options.restartDelayMs();
      options.log.warn({ code, signal, restartInMs: delayMs }, 'lifeboat died: started again');
      setTimeout(() => {
        if (!stopped) start();
      }, delayMs);
    });
  };
  start();
  return {
    get active() {
      return wanted && lent;
    },
    get pid() {
      return child?.pid;
    },
    setWanted(next) {
      if (next === wanted) return;
      wanted = next;
      if (wanted) lend();
      else {
        lent = false;
        send({ type: 'leave' });
      }
    },
    send: (message) => send(message),
    stop() {
      stopped = true;
      child?.kill('SIGKILL');
    },
  };
}
