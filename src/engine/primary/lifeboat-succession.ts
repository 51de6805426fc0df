import type { Downward, PublicPages } from '../beats.ts';
import { Backoff } from './backoff.ts';
import { keepLifeboat, type LifeboatKeeper, type LifeboatKeeperOptions } from './lifeboat-process.ts';

/** Longest pause before a lifeboat that died is started again, ms: without one, nobody answers when the workers are gone. */
const LONGEST_PAUSE_MS = 1_000;

export interface LifeboatOptions extends Omit<LifeboatKeeperOptions, 'onStart' | 'onExit' | 'restartDelayMs'> {
  /** The one in use died; what it had not done yet is not to be waited for. */
  onGone: () => void;
  /** What a new one must know besides the site's pages. */
  modeMessage: () => Downward;
}

export interface Lifeboat extends Omit<LifeboatKeeper, 'retire'> {
  /** Where the site's public pages are, as the workers said. */
  setPublicPages: (publicPages: PublicPages) => void;
  /** Puts one of this generation in the place of the one there is, as soon as it is ready. */
  renew: (generation: Pick<LifeboatOptions, 'env' | 'release'>) => void;
}

/** The lifeboat of the server: always one in use, and during a reload the next one besides. */
export function createLifeboat(options: LifeboatOptions): Lifeboat {
  const backoff = new Backoff();
  const now = (): number => performance.now();
  let publicPages: PublicPages | undefined;
  let needed = false;
  let next: LifeboatKeeper | undefined;

  const launch = ({ env, release }: Pick<LifeboatOptions, 'env' | 'release'>): LifeboatKeeper => {
    const keeper = keepLifeboat({
      ...options,
      env,
      release,
      onStart() {
        if (publicPages !== undefined) keeper.send({ type: 'public-pages', publicPages });
        keeper.send(options.modeMessage());
        if (keeper === next) takeOver(keeper);
      },
      onExit({ how, killed, livedMs }) {
        if (keeper === current) options.onGone();
        const wasLooping = backoff.looping;
        backoff.crashed(now(), { servedMs: livedMs, killed });
        if (backoff.looping && !wasLooping) options.log.error({ how }, 'alert: the lifeboat does not stay alive');
      },
      restartDelayMs: () => Math.min(LONGEST_PAUSE_MS, backoff.delayMs(now())),
    });
    return keeper;
  };
  const takeOver = (keeper: LifeboatKeeper): void => {
    const before = current;
    next = undefined;
    current = keeper;
    keeper.setNeeded(needed);
    before.retire();
  };
  let current = launch(options);

  return {
    get active() {
      return current.active;
    },
    get pid() {
      return current.pid;
    },
    setNeeded(nowNeeded) {
      needed = nowNeeded;
      current.setNeeded(needed);
    },
    send: (message) => current.send(message),
    setPublicPages(pages) {
      publicPages = pages;
      current.send({ type: 'public-pages', publicPages });
    },
    renew(generation) {
      next?.stop();
      next = launch(generation);
    },

    stop() {
      current.stop();
      next?.stop();
    },
  };
}
