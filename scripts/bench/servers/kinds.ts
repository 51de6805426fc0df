import type { Place } from '../../load/cores.ts';

/** A server under measurement, serving on a port of loopback. */
export interface RunningServer {
  port: number;
  /** Port of its admin server, where it has one. */
  adminPort?: number;
  /** Roots of its process trees. */
  pids: number[];
  stop: () => Promise<void>;
}

export interface StartOptions {
  place: Place;
  /** Workers, for servers that have them; `min` below `max` asks for dynamic scaling. Default: one. */
  workers?: { min: number; max: number };
  /** Warm workers that stand by, for servers that have them. */
  spare?: number;
  /** Iterations of the lab's arithmetic per millisecond. */
  labRate: number;
  /** Further environment variables. */
  env?: Record<string, string>;
  /** Fills the data folder before the start, for servers that have one. */
  fill?: (dataDir: string) => void | Promise<void>;
}

export interface ServerKind {
  /** Name on the command line and in the results. */
  name: string;
  /** As shown in tables. */
  title: string;
  /** What is not installed; undefined: it can be started. */
  missing: () => string | undefined;
  start: (options: StartOptions) => Promise<RunningServer>;
}
