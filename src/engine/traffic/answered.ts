import type { CacheUse } from '../metrics/recorder.ts';
import type { Route } from '../routes.ts';

/** An answer that is out, and the request that it answers. */
export interface Answered {
  /** Names the connection: an object that lives as long. */
  connection: object;
  /** Address of the connection's other end; empty: not known any more. */
  peer: string;
  method: string;
  /** Without the query. */
  path: string;
  /** Without `?`. */
  query: string;
  /** Lower-case name; undefined: not sent. */
  header: (name: string) => string | undefined;
  /** It carries a genuine session of the site. */
  member: boolean;
  route: Route;
  /** CPU time of one answer of the site on this route, ms; undefined: not measured yet. */
  cpuMs: number | undefined;
  status: number;
  use: CacheUse;
  /** Media type of the answer, lower case; undefined: none, or not known. */
  type: string | undefined;
  /** Length of the body, bytes; 0 where it is not known. */
  bytes: number;
  /** Age of the page, ms; undefined: it is no copy. */
  ageMs: number | undefined;
  /** Key of the page in the page cache; undefined: none. */
  key: string | undefined;
}

/** Whoever wants to know of each answer. */
export interface Traffic {
  /** Whether this answer is to be told: what `answered` needs is made for those only. `now`: `performance.now()`. */
  looks: (connection: object, now: number) => boolean;
  /** Right after `looks` gave true. */
  answered: (answer: Answered) => void;
  /** A page was rendered for the cache. `unchanged`: it is the same as the copy before. */
  rendered: (route: Route, unchanged: boolean) => void;
  /** A search of the site found nothing. */
  searchedInVain: (words: string) => void;
}

/** Nobody counts the traffic. */
export const NO_TRAFFIC: Traffic = {
  looks: () => false,
  answered: () => {},
  rendered: () => {},
  searchedInVain: () => {},
};
