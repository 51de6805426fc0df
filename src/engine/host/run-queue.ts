import { readFileSync } from 'node:fs';
import type { ReadText } from './cgroup.ts';

/**
 * How long a task has waited for a core since its start, ms, from the text of /proc/<pid>/schedstat: the second of its
 * three numbers, in ns (Documentation/scheduler/sched-stats of the kernel). Undefined: it is not that text.
 */
export function parseRunQueueMs(text: string): number | undefined {
  const waited = /^\d+ (\d+) \d+\s*$/.exec(text)?.[1];
  return waited === undefined ? undefined : Number(waited) / 1e6;
}

/** The same for the main thread of a process, which is the one of its event loop; undefined where there is no such file. */
export function readRunQueueMs(pid: number, read: ReadText = readOnce): number | undefined {
  const text = read(`/proc/${pid}/schedstat`);
  return text === undefined ? undefined : parseRunQueueMs(text);
}

function readOnce(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // no such process any more, or no such file on this system
  }
}
