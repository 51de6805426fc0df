import type { Link } from '../link.ts';

/** The worker's side of the render leases that the primary holds. */
export interface LeaseClient {
  /** Other workers serve beside this one: who renders must be agreed. */
  readonly needed: boolean;
  /** Resolves true when this worker renders, false when another has (or had) it and is done. */
  ask: (key: string) => Promise<boolean>;
  release: (key: string, stored: boolean) => void;
}

/** Longest wait for another worker's render, ms; then this one renders itself. */
const LEASE_MS = 2_000;
/** Pages that wait for a lease; beyond, a worker renders without asking. */
export const MAX_ASKED = 1_000;

/** A primary that has not even said who renders is held up itself: visitors do not wait for it, and a page may be rendered twice, ms. */
const UNHEARD_MS = 250;

interface Asked {
  finish: (granted: boolean) => void;
  unheard: NodeJS.Timeout;
}

export function createLeaseClient(link: Link, serving: () => number): LeaseClient {
  const asked = new Map<string, Asked>();
  link.on('leased', ({ key, granted }) => {
    if (!granted) {
      clearTimeout(asked.get(key)?.unheard);
      return;
    }
    const finish = asked.get(key)?.finish;
    // Granted too late, when the page was rendered without it: the next who asks must not wait for us.
    if (finish === undefined) link.send({ type: 'release', key, stored: false });
    else finish(true);
  });
  link.on('freed', ({ key }) => asked.get(key)?.finish(false));
  return {
    get needed() {
      return serving() > 1 && asked.size < MAX_ASKED;
    },
    ask(key) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const finish = (granted: boolean): void => {
        clearTimeout(timer);
        clearTimeout(unheard);
        asked.delete(key);
        resolve(granted);
      };
      const timer = setTimeout(() => finish(false), LEASE_MS);
      const unheard = setTimeout(() => finish(true), UNHEARD_MS);
      asked.set(key, { finish, unheard });
      link.send({ type: 'lease', key, ttlMs: LEASE_MS });
      return promise;
    },
    release(key, stored) {
      link.send({ type: 'release', key, stored });
    },
  };
}
