import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pinned } from './cores.ts';
import type { LoadReport } from './load/run-load.ts';
import { LOAD_STANDARD, type LoadSpec } from './load/spec.ts';

const GENERATOR = fileURLToPath(new URL('./generator.ts', import.meta.url));

/**
 * Thousands of sockets wait at once in a surge and outlive every minor collection: a small nursery, collected on one thread (it has one
 * core), pauses for 2 ms instead of 15 (measured at 1,600 new connections/s).
 */
const SMALL_PAUSES = ['--max-semi-space-size=1', '--single-threaded-gc'];

/** The generator ended without a report. */
export class GeneratorError extends Error {
  readonly code = 'GENERATOR_FAILED';
  constructor(reason: string) {
    super(`the load generator ${reason}`);
    this.name = 'GeneratorError';
  }
}

export type Load = Pick<LoadSpec, 'port' | 'connections' | 'phases' | 'classes'> & Partial<LoadSpec>;

/**
 * Runs a load in a process of its own, on the generator's core.
 * @param onStart called when the first request is due
 * @throws {GeneratorError}
 */
export function drive(load: Load, onStart: () => void = () => {}): Promise<LoadReport> {
  const spec: LoadSpec = { ...LOAD_STANDARD, ...load };
  const [command, args] = pinned('generator', process.execPath, [...SMALL_PAUSES, GENERATOR]);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const seconds = spec.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + spec.timeoutMs + 30_000);
    let report: LoadReport | undefined;
    child.on('message', (message: { type: 'started' } | { type: 'report'; report: LoadReport }) => {
      if (message.type === 'started') onStart();
      else report = message.report;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      if (report !== undefined) resolve(report);
      else reject(new GeneratorError(`ended without a report (${signal ?? `exit code ${code}`})`));
    });
    child.send(spec);
  });
}
