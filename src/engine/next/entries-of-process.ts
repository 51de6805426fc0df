import { PageMemory } from '../cache/memory.ts';
import { Entries } from './entries.ts';

/** Where the app does not run under Tahan (a build, `next dev`): what it caches is in this process only, bytes. */
const ALONE_BYTES = 52_428_800;

const HERE = Symbol.for('tahan.next-entries');
const holder = globalThis as { [HERE]?: Entries };

/** In a worker: what the app caches is on the page store, from whichever copy of the package the app has its handlers. */
export function shareEntries(entries: Entries): void {
  holder[HERE] = entries;
}

export function entriesOfProcess(): Entries {
  holder[HERE] ??= entriesAlone();
  return holder[HERE];
}

function entriesAlone(): Entries {
  const memory = new PageMemory({ maxBytes: ALONE_BYTES, maxEntryBytes: ALONE_BYTES });
  return new Entries({
    memory,
    read: (key) => memory.get(key),
    put: (page) => memory.set(page),
    async purge(tags) {
      memory.purge(tags, false, Date.now());
    },
  });
}
