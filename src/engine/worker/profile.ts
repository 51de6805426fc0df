import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { dirname, join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';

/** CPU profiles that a folder keeps; the oldest go. */
export const MAX_PROFILES = 10;
/** Largest profile that is written, characters; ten seconds of the site that comes with Tahan, saturated, are under 1 million. */
export const MAX_PROFILE_TEXT = 8_000_000;

/**
 * Profiles this process, and writes what `chrome://inspect` and VS Code open, with the heap's numbers beside it.
 * @throws {Error} the file cannot be written, or is too large
 */
export async function takeProfile(seconds: number, file: string, maxText = MAX_PROFILE_TEXT): Promise<void> {
  const session = new Session();
  session.connect();
  let collections = 0;
  let collectedMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      collections += 1;
      collectedMs += duration;
    }
  });
  try {
    observer.observe({ entryTypes: ['gc'] });
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await wait(seconds * 1_000);
    const { profile } = await session.post('Profiler.stop');
    const text = JSON.stringify({ ...profile, tahan: { seconds, heap: heapNumbers(), collections, collectedMs } });
    if (text.length > maxText) throw new Error(`it has ${text.length} characters, more than ${maxText}`);
    await makeRoom(dirname(file));
    await writeFile(file, text, { mode: 0o600 });
  } finally {
    observer.disconnect();
    session.disconnect();
  }
}

/** Bytes, but for the last one. */
function heapNumbers(): Record<string, number> {
  const heap = getHeapStatistics();
  const { rss, external, arrayBuffers } = process.memoryUsage();
  return {
    used: heap.used_heap_size,
    committed: heap.total_heap_size,
    limit: heap.heap_size_limit,
    external,
    arrayBuffers,
    resident: rss,
    detachedContexts: heap.number_of_detached_contexts,
  };
}

async function makeRoom(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const old = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile')).sort();
  for (const name of old.slice(0, Math.max(0, old.length - MAX_PROFILES + 1)))
    await rm(join(folder, name), { force: true });
}
