import type { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type FromMonitor, fromMonitorSchema, type ToMonitor } from '../monitor-messages.ts';
import { Backoff } from './backoff.ts';
import { keepProcess } from './kept-process.ts';
import type { Release } from './release.ts';

/** Heap of the monitor: it holds minutes, the rest is in its file. MiB. */
const HEAP_MB = 64;
/** The page's TypeScript is served with `stripTypeScriptTypes`, of which Node warns. */
const EXEC_ARGV = [
  `--max-old-space-size=${HEAP_MB}`,
  '--max-semi-space-size=1',
  '--optimize-for-size',
  '--disable-warning=ExperimentalWarning',
];
/** Samples that it has not taken yet; from then on it is behind, and nothing more is sent. */
export const MAX_UNTAKEN = 10;
/** Messages that the kernel has not taken yet: its buffer is full. */
export const MAX_UNSENT = 64;
/** So long it may leave a sample untaken; then it is ended and started anew, ms. */
const STUCK_MS = 60_000;

export interface MonitorOptions {
  release: Pick<Release, 'cwd' | 'main'>;
  env: NodeJS.ProcessEnv;
  log: Logger;
  /** An operator wants something done. */
  onAction: (message: Extract<FromMonitor, { type: 'action' }>) => void;
  /** Paths that people ask for most. */
  onAsked: (paths: readonly string[]) => void;
  now?: () => number;
  spawn?: typeof fork;
}

/** The process that keeps the history: it may die, stop or be slow at any time, and nobody notices. */
export interface Monitor {
  readonly pid: number | undefined;
  /** The unix socket on which it serves `/ops`; undefined: it is not up. */
  readonly socket: string | undefined;
  /** Messages that were not sent, as it was behind. */
  readonly dropped: number;
  /** Sends what it has room for. */
  send: (message: ToMonitor) => void;
  /** Starts it anew with these settings and this program. */
  renew: (generation: Pick<MonitorOptions, 'env' | 'release'>) => void;
  stop: () => void;
}

/** Keeps the monitor running. Nothing that it does or leaves undone holds the caller up. */
export function keepMonitor(options: MonitorOptions): Monitor {
  const { log, now = () => performance.now() } = options;
  const backoff = new Backoff();
  // A data folder's path may be longer than the 107 bytes of a socket's.
  const folder = mkdtempSync(join(tmpdir(), 'tahan-'));
  let socket: string | undefined;
  let untaken = 0;
  let untakenSince = 0;
  let unsent = 0;
  let dropped = 0;

  const forget = (): void => {
    socket = undefined;
    untaken = 0;
    unsent = 0;
  };
  const launch = ({ env, release }: Pick<MonitorOptions, 'env' | 'release'>) =>
    keepProcess<FromMonitor>({
      role: 'monitor',
      env: { ...env, TAHAN_INTERNAL_OPS: folder },
      release,
      execArgv: EXEC_ARGV,
      log,
      ...(options.spawn === undefined ? {} : { spawn: options.spawn }),
      read(raw) {
        const parsed = fromMonitorSchema.safeParse(raw);
        return parsed.success ? parsed.data : undefined;
      },
      onMessage(message) {
        if (message.type === 'ready') socket = message.socket;
        else if (message.type === 'action') options.onAction(message);
        else if (message.type === 'asked') options.onAsked(message.paths);
        else {
          untaken = Math.max(0, untaken - 1);
          untakenSince = now();
        }
      },
      onExit({ killed, livedMs }) {
        forget();
        const wasLooping = backoff.looping;
        backoff.crashed(now(), { servedMs: livedMs, killed });
        if (backoff.looping && !wasLooping)
          log.error('alert: the monitor does not stay alive; the site is not touched');
      },
      restartDelayMs: () => backoff.delayMs(now()),
    });
  let kept = launch(options);

  const isBehind = (): boolean => {
    if (untaken > 0 && now() - untakenSince > STUCK_MS) {
      log.warn('the monitor takes nothing: it is ended and started again');
      untakenSince = now();
      kept.child?.kill('SIGKILL');
    }
    return untaken >= MAX_UNTAKEN || unsent >= MAX_UNSENT;
  };

  return {
    get pid() {
      return kept.child?.pid;
    },
    get socket() {
      return socket;
    },
    get dropped() {
      return dropped;
    },
    send(message) {
      if (isBehind()) {
        dropped += 1;
        return;
      }
      const { child } = kept;
      const isSent = kept.send(message, undefined, () => {
        if (kept.child === child) unsent = Math.max(0, unsent - 1);
      });
      if (!isSent) return;
      unsent += 1;
      if (message.type !== 'sample') return;
      if (untaken === 0) untakenSince = now();
      untaken += 1;
    },
    renew(generation) {
      kept.stop();
      forget();
      kept = launch(generation);
    },
    stop() {
      kept.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
