import { createHook } from 'node:async_hooks';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CodeOf } from './frame-kind.ts';
import type { SetTimer } from './seen.ts';

/** A single timer that runs sooner belongs to something in hand, ms. */
const LEAST_PLANNED_MS = 5_000;
const MAX_TIMERS = 1_000;
/** Frames that are looked at for who set a timer. */
const FRAMES = 12;
const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/|\/)[^()]*):(\d+):\d+\)?$/;

/** What Node keeps in a Timeout. */
interface Timeout {
  _idleTimeout: number;
  _repeat: number | null;
}

/** Sees which timers the app's own code sets, by async_hooks: nothing is patched. */
export function watchTimers(of: (url: string) => CodeOf): () => SetTimer[] {
  const timers = new Map<number, SetTimer>();
  createHook({
    init(id, type, _trigger, resource) {
      if (type !== 'Timeout' || timers.size >= MAX_TIMERS) return;
      const { _idleTimeout: ms, _repeat: repeat } = resource as unknown as Timeout;
      const repeats = repeat !== null;
      if (!repeats && ms < LEAST_PLANNED_MS) return;
      const at = whoSets(of);
      if (at !== undefined) timers.set(id, { at, ms, repeats });
    },
    destroy(id) {
      timers.delete(id);
    },
  }).enable();
  return () => [...timers.values()];
}

/** `file:line` of the nearest code that is not Node's; undefined: it is not the app's own. */
function whoSets(of: (url: string) => CodeOf): string | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = FRAMES;
  const { stack = '' } = new Error('where a timer is set');
  Error.stackTraceLimit = stackTraceLimit;
  // The first frames are this file's.
  for (const line of stack.split('\n').slice(1)) {
    const [, url, row] = FRAME.exec(line) ?? [];
    if (url === undefined || url === import.meta.url) continue;
    if (of(url) !== 'app') return undefined;
    return `${relative(process.cwd(), url.startsWith('file:') ? fileURLToPath(url) : url)}:${row}`;
  }
  return undefined;
}
