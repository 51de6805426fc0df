/** One step that a visitor takes. */
export interface Asked {
  path: string;
  /** Fields of a form: then it is a POST. */
  form?: Record<string, string>;
  /** Another body: then it is a POST, too. */
  body?: { type: string; text: string };
  /** Status of a good answer. Default: 200, of a POST 303. */
  expect?: number;
  /** Without cookies, on a connection of its own: what anybody gets who comes for the first time. */
  anonymous?: boolean;
  /** With the cookies of a person of this name, whom several visits share. Default: the visitor's own. */
  as?: string;
  /** Mean time before this step, ms; default: the load's. */
  thinkMs?: number;
}

/** A virtual visitor. Cookies that answers set are kept and sent, as in a browser. */
export interface Visitor {
  /** From 1; each visitor's own. */
  number: number;
  /** 0 to 1, the same for the same seed. */
  random: () => number;
  /** One of these; undefined where there is none. */
  pick: <T>(from: readonly T[]) => T | undefined;
  /** Thinks, asks, and gives the page; undefined when the step did not succeed. Steps of one name are counted together. */
  ask: (step: string, asked: Asked) => Promise<string | undefined>;
  /** Counts whether something is as it must be (`checks` of the thresholds). */
  check: (name: string, holds: boolean) => void;
  /** The accounts of the site under test. */
  accounts: Accounts;
}

/** Seeded accounts `member-1`, `member-2`, ..., and their password; the first `editors` may publish. */
export interface Accounts {
  count: number;
  editors: number;
  password: string;
}

/** One visit, from coming to going. A module with journeys exports one as its default. */
export type Journey = (visitor: Visitor) => Promise<void>;
