import type { Logger } from 'pino';
import type { Downward, PublicPages, Upward } from '../beats.ts';
import type { PortHandle } from '../link.ts';
import { Backoff } from './backoff.ts';
import { keepLifeboat, type LifeboatKeeper } from './lifeboat-keeper.ts';

/** Longest pause before a lifeboat that died is started again, ms: without one, nobody answers when the workers are gone. */
const LONGEST_PAUSE_MS = 1_000;

export interface LifeboatOptions {
  main: URL;
  env: NodeJS.ProcessEnv;
  handle: PortHandle;
  backlog: number;
  log: Logger;
  onMessage: (message: Upward) => void;
  /** The one in use died; what it had not done yet is not to be waited for. */
  onGone: () => void;
  /** What a new one must know besides the site's pages. */
  modeMessage: () => Downward;
}

export interface Lifeboat {
  /** It holds the port now (or is about to). */
  readonly active: boolean;
  readonly pid: number | undefined;
  setWanted: (wanted: boolean) => void;
  send: (message: Downward) => void;
  /** Where the site's public pages are, as the workers said. */
  learn: (publicPages: PublicPages) => void;
  /** Puts one with this environment in the place of the one there is, as soon as it is ready. */
  renew: (env: NodeJS.ProcessEnv) => void;
  stop: () => void;
}

/** The lifeboat of the server: always one in use, and during a reload the next one besides. */
export function createLifeboat(options: LifeboatOptions): Lifeboat {
  const backoff = new Backoff();
  const now = (): number => performance.now();
  let publicPages: PublicPages | undefined;
  let wanted = false;
  let current: LifeboatKeeper | undefined;
  let next: LifeboatKeeper | undefined;

  const launch = (env: NodeJS.ProcessEnv): LifeboatKeeper => {
    const keeper = keepLifeboat({
      main: options.main,
      env: () => env,
      handle: options.handle,
      backlog: options.backlog,
      log: options.log,
      onMessage: options.onMessage,
      onStart() {
        if (publicPages !== undefined) keeper.send({ type: 'public-pages', publicPages });
        keeper.send(options.modeMessage());
        if (keeper === next) takeOver(keeper);
      },
      onExit() {
        if (keeper === current) options.onGone();
        backoff.crashed(now());
      },
      restartDelayMs: () => Math.min(LONGEST_PAUSE_MS, backoff.delayMs(now())),
    });
    return keeper;
  };
  const takeOver = (keeper: LifeboatKeeper): void => {
    const before = current;
    next = undefined;
    current = keeper;
    keeper.setWanted(wanted);
    before?.stop();
  };
  current = launch(options.env);

  return {
    get active() {
      return current?.active ?? false;
    },
    get pid() {
      return current?.pid;
    },
    setWanted(nowWanted) {
      wanted = nowWanted;
      current?.setWanted(wanted);
    },
    send: (message) => current?.send(message),
    learn(pages) {
      publicPages = pages;
      current?.send({ type: 'public-pages', publicPages });
    },
    renew(env) {
      next?.stop();
      next = launch(env);
    },
    stop() {
      current?.stop();
      next?.stop();
    },
  };
}
