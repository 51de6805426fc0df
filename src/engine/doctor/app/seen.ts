import type { FoundApp } from '../../found-app.ts';

/** A timer that the app's own code has set and that has not ended. */
export interface SetTimer {
  /** `file:line` where it was set. */
  at: string;
  /** Of an interval how often, of a single one after which time it runs, ms. */
  ms: number;
  repeats: boolean;
}

/** What the probe in the worker has seen of an app. */
export interface Seen {
  /** Undefined: the module exports `createSite`. */
  app: FoundApp | undefined;
  /** Packages that the app has loaded: name and version. */
  packages: Record<string, string>;
  /** Those among them that its own code asks for. */
  direct: string[];
  timers: SetTimer[];
  /** A server of the app listens to `upgrade`. */
  upgrades: boolean;
  /** Objects of express-session's MemoryStore. */
  memoryStores: number;
}

/** Name of the probe's socket in the data folder. */
export const PROBE_SOCKET = 'doctor.sock';
