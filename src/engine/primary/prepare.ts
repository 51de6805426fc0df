import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { onEnd } from './child-end.ts';
import type { Settings } from './settings.ts';

/** The site could not be prepared; what it printed says why. */
export class PrepareError extends Error {
  readonly code = 'SITE_START';
  override readonly name = 'PrepareError';
  /** What it said itself, a line for each mistake. */
  readonly reason: string | undefined;
  readonly exitCode: number;
  constructor(message: string, reason: string | undefined, exitCode = 1) {
    super(message);
    this.reason = reason;
    this.exitCode = exitCode;
  }
}

export interface PrepareOptions {
  /** Over it the process is killed, ms; undefined: it may take as long as it needs. */
  deadlineMs: number | undefined;
  /** Told every 10 s while it still runs: since when, ms. */
  onWaiting: (ms: number) => void;
}

/** What a failed preparation wrote, up to so many characters, goes into the report of a reload. */
const MAX_REASON = 2_000;
const TELL_EVERY_MS = 10_000;
const LAST_WORDS_MS = 1_000;

/**
 * Runs the site's `prepareSite` (migrations) in a process of its own, with the code and settings that are to serve.
 * @throws {PrepareError} it ended with an error, as its own line says; or it was not done in time
 */
export async function runPrepare({ env, release }: Settings, options: PrepareOptions): Promise<void> {
  const { deadlineMs, onWaiting } = options;
  const child = fork(release.main, [], {
    env: { ...env, TAHAN_INTERNAL_ROLE: 'prepare' },
    cwd: release.cwd,
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.on('data', (part: Buffer) => {
    process.stderr.write(part);
    said = (said + part.toString()).slice(-MAX_REASON);
  });
  const began = performance.now();
  const telling = setInterval(() => onWaiting(performance.now() - began), TELL_EVERY_MS);
  let late = false;
  const deadline =
    deadlineMs === undefined
      ? undefined
      : setTimeout(() => {
          late = true;
          child.kill('SIGKILL');
        }, deadlineMs);
  const lastWords = child.stderr === null ? undefined : once(child.stderr, 'close');
  const how = await new Promise<string>((resolve) => onEnd(child, resolve));
  // Its last words may come after its end; a process that it left behind may hold the pipe open for ever.
  await Promise.race([lastWords, delay(LAST_WORDS_MS, undefined, { ref: false })]);
  clearInterval(telling);
  clearTimeout(deadline);
  if (how === 'exit code 0') return;
  if (late) throw new PrepareError('', `the site was not prepared within ${deadlineMs} ms: prepareSite was ended`);
  const reasons = [...said.matchAll(/^tahan: (.+)$/gm)].map(([, line]) => line);
  throw new PrepareError(
    `the site could not be prepared (${how})`,
    reasons.length > 0 ? reasons.join('\n') : undefined,
    child.exitCode ?? 1,
  );
}
