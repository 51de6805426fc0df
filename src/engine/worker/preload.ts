import cluster from 'node:cluster';
import { isMainThread } from 'node:worker_threads';

/**
 * Loaded by `node --import` before the app, in each worker of `tahan ENTRY`. In the app's own threads and child
 * processes, which inherit the option, it does nothing.
 */
const { TAHAN_INTERNAL_ROLE: role, TAHAN_INTERNAL_ENTRY: entry } = process.env;
if (isMainThread && cluster.isWorker && role === 'worker' && entry !== undefined) {
  const { startEntry } = await import('./entry.ts');
  startEntry(entry);
}
