import type { ChildProcess } from 'node:child_process';

/**
 * Tells once how a child process ended: `exit code 1`, `signal SIGKILL`, or why it never was one. A process that could
 * not be started (no binary, no memory, no file descriptor) has no pid and no `exit`: it is an end like any other.
 */
export function onEnd(child: ChildProcess, ended: (how: string, signal: NodeJS.Signals | null) => void): void {
  let problem: string | undefined;
  // Without a listener an `error` would be thrown; of a process that runs (a message that was not sent) it is no end.
  child.on('error', (error) => (problem = error.message));
  if (child.pid === undefined) {
    setImmediate(() => ended(`not started: ${problem ?? 'the system gave no process'}`, null));
    return;
  }
  child.once('exit', (code, signal) => ended(signal ? `signal ${signal}` : `exit code ${code}`, signal));
}
