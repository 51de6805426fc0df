import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Measured, measuredSchema } from '../../stress/run-record.ts';

/** A run under way. */
export interface RunningProgram {
  /** What it measured. Rejects with why it has nothing, also after `stop`. */
  result: Promise<Measured>;
  /** Ends it and all its processes at once. */
  stop: () => void;
}

const SAID = 2_000;

/**
 * Starts the program of a run: a group of processes of its own, which gives itself the lowest priority, so that one signal ends the server
 * under test, its workers and the generator together. Its temporary files are in one folder, which goes with it.
 */
export function runProgram(program: string): RunningProgram {
  const folder = mkdtempSync(join(tmpdir(), 'tahan-stress-'));
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TAHAN_INTERNAL_')));
  const child = fork(program, {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...own, NODE_OPTIONS: '', TMPDIR: folder, TAHAN_INTERNAL_QUIET: '1' },
  });
  let said = '';
  let measured: Measured | undefined;
  child.stderr!.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-SAID);
  });
  child.on('message', (message: unknown) => {
    measured = measuredSchema.safeParse(message).data ?? measured;
  });
  const stop = (): void => {
    // Negative: the whole group. It may be gone already.
    if (child.pid !== undefined) signalGroup(child.pid);
  };
  process.once('exit', stop);
  const result = new Promise<Measured>((resolve, reject) => {
    const end = (why: string): void => {
      process.off('exit', stop);
      stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      if (measured !== undefined) resolve(measured);
      else reject(new Error(said.trim().split('\n').at(-1) || why));
    };
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => end(`it ended without a result (${signal ?? `exit code ${code}`})`));
  });
  return { result, stop };
}

function signalGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
