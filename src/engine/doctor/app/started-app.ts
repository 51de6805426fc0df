import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../message-of.ts';
import { moduleNear } from '../../module-near.ts';
import { createServerHandle } from '../../net-parts.ts';
import type { CpuProfile } from './hot-spots.ts';
import { PROBE_SOCKET, type Seen } from './seen.ts';

/** Longest start that is waited for, ms: as long as TAHAN_START_MS takes by default, and what lies around it. */
const START_MS = 90_000;
/** An app that is told to end and does not is killed after this, ms. */
const END_MS = 15_000;
const LOOK_MS = 50;
const MAX_OUTPUT = 200_000;

/** The app cannot be looked at; the message holds what it wrote. */
export class AppStartError extends Error {
  readonly code = 'COMMAND';
  override readonly name = 'AppStartError';
}

/** An app that runs as `tahan FILE` runs it, in one worker, to be looked at. */
export interface StartedApp {
  port: number;
  startedMs: number;
  /** Warnings of the server so far, each once. */
  warnings: () => string[];
  seen: () => Promise<Seen>;
  startProfile: () => Promise<unknown>;
  stopProfile: () => Promise<CpuProfile>;
  end: () => Promise<void>;
}

/**
 * Starts an app on a free port of its own, with a data folder of its own that `end` takes away, and the probe in its worker.
 * The port is given to it as systemd does it, so that PORT is for the app what it always is.
 * @throws {AppStartError} it does not serve
 */
export async function startApp(file: string, args: readonly string[]): Promise<StartedApp> {
  const began = performance.now();
  const dataDir = mkdtempSync(join(tmpdir(), 'tahan-doctor-'));
  const held = createServerHandle('127.0.0.1', 0, 4);
  if (typeof held === 'number') throw new AppStartError('no port is free on 127.0.0.1');
  const name: { port?: number } = {};
  held.getsockname(name);
  const command = [
    '--import',
    fileURLToPath(moduleNear('./probe', import.meta.url)),
    fileURLToPath(moduleNear('../../bin/tahan', import.meta.url)),
    'run',
    file,
    ...args,
  ];
  const child = spawn('/bin/sh', ['-c', 'LISTEN_PID=$$ exec "$0" "$@"', process.execPath, ...command], {
    env: {
      ...process.env,
      LISTEN_FDS: '1',
      LOG_LEVEL: 'warn',
      TAHAN_ADMIN_PORT: '0',
      TAHAN_DATA_DIR: dataDir,
      // The app is to answer by itself, however slow it is.
      TAHAN_DRY_RUN: '1',
      TAHAN_LAST_GOOD_AFTER_MS: '600000',
      TAHAN_MONITOR: '0',
      // A page that blocks the loop for seconds is the app's answer, too: nobody steps in.
      TAHAN_SILENT_MS: '60000',
      TAHAN_STUCK_MS: '600000',
      TAHAN_SPARE: '0',
      TAHAN_WORKERS_MIN: '1',
      TAHAN_WORKERS_MAX: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe', (held as unknown as { fd: number }).fd],
  });
  held.close();
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (part: Buffer) => {
      output = (output + part.toString()).slice(-MAX_OUTPUT);
    });
  const kill = (): boolean => child.kill('SIGTERM');
  process.once('exit', kill);
  const end = async (): Promise<void> => {
    await endChild(child);
    process.off('exit', kill);
    rmSync(dataDir, { recursive: true, force: true });
  };
  const socketPath = join(dataDir, PROBE_SOCKET);
  try {
    await served(child, () => output);
  } catch (error) {
    await end();
    throw error;
  }
  const ask = (path: string): Promise<unknown> =>
    askProbe(socketPath, path).catch((cause: unknown) => {
      throw new AppStartError(
        `the worker of the app ended while it was looked at (${messageOf(cause)}):\n${saidAtStart(output)}`,
        { cause },
      );
    });
  return {
    port: name.port!,
    startedMs: performance.now() - began,
    warnings: () => warningsIn(output),
    seen: () => ask('/seen') as Promise<Seen>,
    startProfile: () => ask('/start'),
    stopProfile: () => ask('/stop') as Promise<CpuProfile>,
    end,
  };
}

async function served(child: ChildProcess, output: () => string): Promise<void> {
  const until = performance.now() + START_MS;
  while (!/^Tahan serves /m.test(output())) {
    if (child.exitCode !== null || child.signalCode !== null || FAILED.test(output()))
      throw new AppStartError(`the app does not start:\n${saidAtStart(output())}`);
    if (performance.now() > until)
      throw new AppStartError(`the app does not serve within ${START_MS / 1_000} s:\n${saidAtStart(output())}`);
    await wait(LOOK_MS);
  }
}

/** A server goes on trying; a look ends with the first worker that fails. */
const FAILED = /"msg":"worker (?:could not start|could not be started|died at its start)"/;

/** What the app wrote, and the reasons that the server gives. */
export function saidAtStart(output: string): string {
  const lines = output.split('\n').flatMap((line) => {
    if (!line.startsWith('{"level":')) return [line];
    try {
      const { reason } = JSON.parse(line) as { reason?: unknown };
      return typeof reason === 'string' ? [reason] : [];
    } catch {
      return []; // cut in the middle
    }
  });
  return lines.join('\n').trim();
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await exited;
  clearTimeout(timer);
}

/** The port of a look is another one than the app asks for, always. */
const OF_THE_LOOK = /^the app asks for port/;

/** The texts of the worker's own lines at level warn, each once; what the app itself writes is no JSON of pino. */
export function warningsIn(output: string): string[] {
  const texts = output.split('\n').flatMap((line) => {
    if (!line.startsWith('{"level":40,')) return [];
    try {
      const { process: name, msg } = JSON.parse(line) as { process?: unknown; msg?: unknown };
      return String(name).startsWith('worker-') ? [String(msg)] : [];
    } catch {
      return []; // cut in the middle
    }
  });
  return [...new Set(texts)].filter((text) => !OF_THE_LOOK.test(text));
}

function askProbe(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, agent: false }, (response) => json(response).then(resolve, reject))
      .on('error', reject)
      .end();
  });
}
