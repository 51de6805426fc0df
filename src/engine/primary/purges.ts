/** Follows one purge until every process has done it. */
export interface Purges {
  /** Calls `done` when all of `processes` have answered or are gone, at most after `withinMs`. */
  start: (id: string, processes: Iterable<number>, done: () => void) => void;
  answered: (id: string, process: number) => void;
  gone: (process: number) => void;
}

/** A process that is blocked must not hold up the one who published: after this it is left to purge when it wakes. */
const WITHIN_MS = 1_000;

export function createPurges(withinMs = WITHIN_MS): Purges {
  const open = new Map<string, { waiting: Set<number>; finish: () => void }>();
  const settle = (id: string, process: number): void => {
    const purge = open.get(id);
    if (purge === undefined) return;
    purge.waiting.delete(process);
    if (purge.waiting.size === 0) purge.finish();
  };
  return {
    start(id, processes, done) {
      const waiting = new Set(processes);
      if (waiting.size === 0) {
        done();
        return;
      }
      const finish = (): void => {
        if (!open.delete(id)) return;
        clearTimeout(timer);
        done();
      };
      const timer = setTimeout(finish, withinMs);
      open.set(id, { waiting, finish });
    },
    answered: settle,
    gone(process) {
      for (const id of [...open.keys()]) settle(id, process);
    },
  };
}
