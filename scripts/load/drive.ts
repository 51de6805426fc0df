import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { moduleNear } from '../../src/engine/module-near.ts';
import { pinned } from './cores.ts';
import type { JobName, JobReport, JobSpec } from './jobs.ts';
import type { LoadReport } from './run-load.ts';
import { LOAD_STANDARD, type LoadSpec } from './spec.ts';

const GENERATOR = fileURLToPath(moduleNear('./generator', import.meta.url));

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

/** What a generator does at most beyond the time asked of it: start, connections to open, give up the last requests. */
const GRACE_MS = 30_000;

/**
 * Runs a job in a generator: a process of its own, on the generator's core.
 * @param limitMs how long the job may take; then, and some grace, the generator is ended
 * @param onStart called when the job says that it begins
 * @param interrupt ends the generator at once
 * @throws {GeneratorError}
 */
export function generate<Name extends JobName>(
  name: Name,
  spec: JobSpec<Name>,
  limitMs: number,
  onStart: () => void = () => {},
  interrupt?: AbortSignal,
): Promise<JobReport<Name>> {
  const [command, args] = pinned('generator', process.execPath, [...SMALL_PAUSES, GENERATOR]);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs + GRACE_MS);
    const give = (): boolean => child.kill('SIGKILL');
    interrupt?.addEventListener('abort', give);
    let report: JobReport<Name> | undefined;
    child.on('message', (message: { type: 'started' } | { type: 'report'; report: JobReport<Name> }) => {
      if (message.type === 'started') onStart();
      else report = message.report;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      interrupt?.removeEventListener('abort', give);
      if (report !== undefined) resolve(report);
      else reject(new GeneratorError(`ended without a report (${signal ?? `exit code ${code}`})`));
    });
    child.send({ name, spec });
  });
}

/**
 * Runs an open-loop load.
 * @param onStart called when the first request is due
 * @throws {GeneratorError}
 */
export function drive(load: Load, onStart?: () => void, interrupt?: AbortSignal): Promise<LoadReport> {
  const spec: LoadSpec = { ...LOAD_STANDARD, ...load };
  const seconds = spec.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  return generate('open', spec, seconds * 1000 + spec.timeoutMs, onStart, interrupt);
}
