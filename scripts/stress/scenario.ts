import type { Retry } from '../load/spec.ts';
import type { FaultName } from './fault-names.ts';

/** A kind of page that visitors of a scenario ask for. */
export interface Route {
  name: string;
  /** Part of all requests; the shares need not add up to 1. */
  share: number;
  /** Path with query; `:n` becomes the number of a page. */
  path: string;
  /** Pages behind `:n`, and how they are picked. */
  pages?: { count: number; pick: 'zipf' | 'sequence' };
}

/** A part of a scenario. */
export interface Part {
  seconds: number;
  /** Visitors as a multiple of the capacity that was measured: 1 is as much as the server can do. */
  load: number;
  /** Only these routes are asked for in it. */
  only?: string[];
  /** What the verdict calls the peak: goodput is measured in it, recovery from its end. */
  peak?: boolean;
}

/** What goes wrong in the middle. */
export interface PlannedFault {
  name: FaultName;
  /** Share of the scenario's time, 0 to 1, at which it begins. */
  at: number;
  /** How long it lasts, s, where it lasts. */
  seconds: number;
}

/** A storm on purpose, and what must hold in it. A team adds its own file to this folder. */
export interface Scenario {
  name: string;
  title: string;
  /** What is done and why it matters, for the reader of the report. */
  text: string;
  /** Part of a run of a minute. */
  smoke?: boolean;
  /** Their seconds are halved, so that all scenarios take some five minutes. */
  parts: Part[];
  /** What visitors ask for. Default: the standard mix (`standard-mix.ts`). */
  routes?: Route[];
  /** Visitors who walk, in the place of single requests: `load` of the parts is then in multiples of `visits` a second (fewer on a slow machine). */
  journeys?: { visits: number; file?: string };
  /** New connections for each request instead of kept ones. */
  newConnections?: boolean;
  retry?: Retry;
  /** Visitors leave after this long, ms. Default 5 s. */
  patienceMs?: number;
  /** Connections that hold on to what they have: uploads that stall, a second. */
  slowClients?: number;
  fault?: PlannedFault;
  /** The server begins cold, right before the visitors come. */
  fresh?: boolean;

  /** Settings of the instance for this scenario. */
  env?: Record<string, string>;
  /** In k6's grammar; all must hold. */
  thresholds: string[];
}

/** For types and completion in an editor. */
export const defineScenario = (scenario: Scenario): Scenario => scenario;
