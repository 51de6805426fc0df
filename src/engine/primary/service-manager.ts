import { execFile } from 'node:child_process';
import type { Logger } from 'pino';
import type { PortHandle } from '../link.ts';
import { createServerHandle } from '../net-parts.ts';
import { type BoundPort, PortError } from './port.ts';

/** The first file descriptor that a service manager passes (sd_listen_fds(3)). */
const FIRST_FD = 3;
/** A word to the manager that hangs is given up, ms. */
const NOTIFY_MS = 5_000;

const WORDS = [
  'LISTEN_PID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'LISTEN_PIDFDID',
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
];

/**
 * Takes out of the environment what a service manager tells this process alone; to be called before the environment is read for
 * other processes. (SvelteKit's server refuses to start where LISTEN_PID is not its own.)
 */
export function takeManagerWords(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const words: NodeJS.ProcessEnv = { PATH: env.PATH };
  for (const name of WORDS) {
    words[name] = env[name];
    delete env[name];
  }
  return words;
}

/**
 * The port that systemd holds and passes (socket activation, sd_listen_fds(3)): it outlives this process, so whoever comes
 * during a restart waits in the backlog.
 * @returns undefined where none was passed to this process
 * @throws {PortError} what was passed is no TCP port
 */
export function inheritedPort(words: NodeJS.ProcessEnv, pid = process.pid): BoundPort | undefined {
  const count = words.LISTEN_PID === String(pid) ? Number(words.LISTEN_FDS) : 0;
  if (!(count > 0)) return undefined;
  if (count > 1) throw new PortError(`the service manager passed ${count} sockets; Tahan takes one, its public port`);
  const handle = createServerHandle(null, null, null, FIRST_FD);
  const name: { port?: number } = {};
  if (typeof handle === 'number' || handle.getsockname?.(name) !== 0 || !name.port)
    throw new PortError(
      'the socket that the service manager passed is no TCP port; see ListenStream= of the socket unit',
    );
  return { handle: handle as PortHandle, port: name.port };
}

/** Tells systemd how the service is; does nothing where nobody listens. */
export interface ServiceManager {
  /** The service serves; from now on it is also told that it lives, where `WatchdogSec=` is set. */
  ready: (status: string) => void;
  stopping: () => void;
}

/**
 * sd_notify(3) by the command of systemd itself, as Node.js cannot write to a datagram socket of the file system: the unit needs
 * `NotifyAccess=all`. A watchdog is fed at half its time, and only by a primary whose event loop turns.
 */
export function createServiceManager(log: Logger, words: NodeJS.ProcessEnv, pid = process.pid): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdog, WATCHDOG_PID: watched } = words;
  let failed = false;
  const notify = (...told: string[]): void => {
    if (socket === undefined || failed) return;
    const child = { env: { PATH: words.PATH, NOTIFY_SOCKET: socket }, timeout: NOTIFY_MS };
    execFile('systemd-notify', told, child, (error) => {
      if (error === null || failed) return;
      failed = true;
      log.warn({ error: error.message }, 'the service manager could not be told: it is not tried again');
    });
  };
  const watchdogMs = watched === undefined || watched === String(pid) ? Number(watchdog) / 1_000 : Number.NaN;
  let feeding: NodeJS.Timeout | undefined;
  return {
    ready(status) {
      notify('READY=1', `STATUS=${status}`);
      if (watchdogMs > 0) feeding ??= setInterval(() => notify('WATCHDOG=1'), watchdogMs / 2).unref();
    },
    stopping() {
      clearInterval(feeding);
      notify('STOPPING=1');
    },
  };
}
