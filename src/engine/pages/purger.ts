import { randomUUID } from 'node:crypto';
import type { Link } from '../link.ts';

export interface Purger {
  /** Purges here and on every other process; resolves when all have, at most after 1.5 s. */
  purge: (tags: readonly string[], hard: boolean) => Promise<void>;
}

export interface PurgerParts {
  link: Link;
  /** Purges the memory of this process. */
  memory: (tags: readonly string[], hard: boolean, at: number) => void;
  /** Purges the store; resolves when that is written. */
  store: (tags: readonly string[], hard: boolean, at: number) => Promise<void>;
}

/** The primary itself waits 1 s for the others; after this it is gone or held up. */
const WITHIN_MS = 1_500;
const MAX_TAGS = 1_000;

export function createPurger({ link, memory, store }: PurgerParts): Purger {
  const open = new Map<string, () => void>();
  link.on('purge', ({ id, tags, hard, at }) => {
    memory(tags, hard, at);
    link.send({ type: 'purged', id });
  });
  link.on('purged', ({ id }) => open.get(id)?.());
  return {
    async purge(tags, hard) {
      if (tags.length === 0) return;
      if (tags.length > MAX_TAGS) throw new RangeError(`a purge takes up to ${MAX_TAGS} tags, not ${tags.length}`);
      const at = Date.now();
      memory(tags, hard, at);
      await store(tags, hard, at);
      // The store first: whoever purges its memory now must not read the old page back from it.
      await new Promise<void>((resolve) => {
        const id = randomUUID();
        const finish = (): void => {
          clearTimeout(timer);
          open.delete(id);
          resolve();
        };
        const timer = setTimeout(finish, WITHIN_MS);
        open.set(id, finish);
        link.send({ type: 'purge', id, tags: [...tags], hard, at });
      });
    },
  };
}
