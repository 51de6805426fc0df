/** Who renders a page for everybody, and who waits for it. */
export interface Leases {
  /** True: the asker renders. False: another does; the asker is among the waiters. */
  ask: (key: string, asker: number, ttlMs: number, now: number) => boolean;
  /** Who renders the page now. */
  ownerOf: (key: string) => number | undefined;
  /** The owner is done: gives the waiters to tell. Nothing when the asker is not the owner. */
  release: (key: string, owner: number) => readonly number[];
  /** A process died: frees what it held, as [key, waiters]. */
  drop: (owner: number) => (readonly [key: string, waiters: readonly number[]])[];
}

/** More leases than this at once are not kept: the page may then be rendered by two workers. */
const MAX_LEASES = 10_000;

/** A table of render leases. A lease not released within `ttlMs` may be taken by the next asker. */
export function createLeases(): Leases {
  const leases = new Map<string, { owner: number; until: number; waiters: Set<number> }>();
  /** Drops the lease that was given first, when it is over: an owner that never released it must not hold a place. */
  const dropOldest = (now: number): void => {
    const oldest = leases.entries().next().value;
    if (oldest !== undefined && oldest[1].until <= now) leases.delete(oldest[0]);
  };
  return {
    ask(key, asker, ttlMs, now) {
      const held = leases.get(key);
      if (held !== undefined && held.owner !== asker && held.until > now) {
        held.waiters.add(asker);
        return false;
      }
      const waiters = held?.waiters ?? new Set<number>();
      waiters.delete(asker);
      leases.delete(key);
      if (leases.size >= MAX_LEASES) dropOldest(now);
      if (leases.size < MAX_LEASES) leases.set(key, { owner: asker, until: now + ttlMs, waiters });
      return true;
    },
    ownerOf: (key) => leases.get(key)?.owner,
    release(key, owner) {
      const held = leases.get(key);
      if (held === undefined || held.owner !== owner) return [];
      leases.delete(key);
      return [...held.waiters];
    },
    drop(owner) {
      const freed: [string, readonly number[]][] = [];
      for (const [key, held] of leases) {
        held.waiters.delete(owner);
        if (held.owner !== owner) continue;
        leases.delete(key);
        freed.push([key, [...held.waiters]]);
      }
      return freed;
    },
  };
}
