import { type ChildProcess, fork } from 'node:child_process';
import type { Logger } from 'pino';
import type { PortHandle } from '../link.ts';
import { onEnd } from './child-end.ts';
import type { Release } from './release.ts';

/** How a kept process ended. `killed`: from outside, by a signal. */
export interface Ending {
  how: string;
  killed: boolean;
  livedMs: number;
}

export interface KeptOptions<Message> {
  /** What it is, in the log and for its program. */
  role: 'lifeboat' | 'monitor';
  release: Pick<Release, 'cwd' | 'main'>;
  env: NodeJS.ProcessEnv;
  /** Options of Node besides those of the primary. */
  execArgv?: readonly string[];
  log: Logger;
  /** What of its messages is valid; undefined: not a message of ours. */
  read: (raw: unknown) => Message | undefined;
  onMessage: (message: Message, handle: PortHandle | undefined, child: ChildProcess) => void;
  /** It died, or could not be started. */
  onExit: (ending: Ending) => void;
  /** How long to wait before it is started again, ms. */
  restartDelayMs: () => number;
  /** For tests. */
  spawn?: typeof fork;
}

export interface KeptProcess {
  /** The one that lives. */
  readonly child: ChildProcess | undefined;
  /** Sends to the one that lives; `done` when the kernel has it, or why not. Returns whether there is one. */
  send: (message: object, handle?: PortHandle, done?: (problem: Error | null) => void) => boolean;
  /** It is not started again when it ends. */
  letGo: () => void;
  stop: () => void;
}

/** Threads of V8 that collect and compile beside the program: it has four otherwise, which keep 4 to 8 MB for nothing here. */
const ONE_HELPER = '--v8-pool-size=1';

/** Keeps one child process alive: forks it, follows it, and starts it again after a pause when it has ended unasked. */
export function keepProcess<Message>(options: KeptOptions<Message>): KeptProcess {
  const { log, role, spawn = fork } = options;
  let child: ChildProcess | undefined;
  let stopped = false;

  const startAgain = (ending: Ending): void => {
    options.onExit(ending);
    const restartInMs = Math.round(options.restartDelayMs());
    log.warn({ how: ending.how, restartInMs }, `${role} died: started again`);
    setTimeout(() => {
      if (!stopped) start();
    }, restartInMs);
  };
  const start = (): void => {
    try {
      follow(
        spawn(options.release.main, [], {
          env: { ...options.env, TAHAN_INTERNAL_ROLE: role },
          cwd: options.release.cwd,
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
          execArgv: [...process.execArgv, ONE_HELPER, ...(options.execArgv ?? [])],
        }),
      );
    } catch (error) {
      // Without memory for a process, `fork` throws. Told later, as any other end: the caller has not even got the keeper.
      const how = `not started: ${error instanceof Error ? error.message : String(error)}`;
      setImmediate(() => startAgain({ how, killed: false, livedMs: 0 }));
    }
  };
  const follow = (born: ChildProcess): void => {
    child = born;
    const bornAt = performance.now();
    onEnd(born, (how, signal) => {
      if (child !== born) return;
      child = undefined;
      if (!stopped) startAgain({ how, killed: signal !== null, livedMs: performance.now() - bornAt });
    });
    born.on('message', (raw: unknown, handle: unknown) => {
      const message = child === born ? options.read(raw) : undefined;
      if (message === undefined) {
        (handle as PortHandle | undefined)?.close();
        return;
      }
      options.onMessage(message, handle as PortHandle | undefined, born);
    });
  };
  start();
  return {
    get child() {
      return child;
    },
    send(message, handle, done = () => {}) {
      if (child?.connected !== true) return false;
      child.send(message, handle as never, done);
      return true;
    },
    letGo() {
      stopped = true;
    },
    stop() {
      stopped = true;
      child?.kill('SIGKILL');
    },
  };
}
