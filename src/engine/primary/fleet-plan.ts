import type { WorkerState } from './view.ts';

/** A worker as the plan sees it. */
export interface Planned {
  id: number;
  state: WorkerState;
  /** Counts for the future: of the generation that is to serve, and its place is not to be given away. */
  stays: boolean;
  /** Of a reload on trial: out of all counts, neither promoted nor drained here. */
  reserved: boolean;
  /** Requests in its hands. */
  inFlight: number;
}

/** What is to be done now; ids of members, and how many processes to start. */
export interface FleetPlan {
  promote: readonly number[];
  drain: readonly number[];
  fork: number;
}

/** Processes that may start at the same time beside the serving ones: a fork costs a core for some 300 ms. */
export const STARTING_AT_ONCE = 2;

/**
 * One step of the fleet towards `target` workers that serve and `spares` that stand by. It looks at facts alone and
 * remembers nothing, so that called again at each tick it gets there from any state, whatever was lost on the way. It
 * drains nobody before `target` others serve.
 */
export function planFleet(members: readonly Planned[], target: number, spares: number): FleetPlan {
  const inState = (...states: WorkerState[]): Planned[] => members.filter(({ state }) => states.includes(state));
  const staying = (...states: WorkerState[]): Planned[] =>
    inState(...states).filter(({ stays, reserved }) => stays && !reserved);

  const short = Math.max(0, target - staying('serving', 'promoting').length);
  const promote = staying('spare').slice(0, short);
  return {
    promote: promote.map(({ id }) => id),
    drain: [...surplus(inState('serving'), target), ...idle(inState('spare'), promote, spares)].map(({ id }) => id),
    fork: missing({
      places: short - promote.length,
      starting: staying('starting').length,
      standingBy: staying('spare').length - promote.length,
      spares,
      renewing: inState('serving').some(({ stays }) => !stays),
    }),
  };
}

/** Who serves beyond the target: first those whose place is taken, then the least busy. */
function surplus(serving: readonly Planned[], target: number): Planned[] {
  const counted = serving.filter(({ reserved }) => !reserved);
  return counted
    .toSorted((a, b) => Number(a.stays) - Number(b.stays) || a.inFlight - b.inFlight)
    .slice(0, Math.max(0, counted.length - target));
}

/** Who stands by for nothing: everyone of another generation, and those beyond `spares`. */
function idle(standingBy: readonly Planned[], promoted: readonly Planned[], spares: number): Planned[] {
  const left = standingBy.filter((member) => !member.reserved && !promoted.includes(member));
  const old = left.filter(({ stays }) => !stays);
  return [...old, ...left.filter(({ stays }) => stays).slice(spares)];
}

/**
 * Serving places first, then one spare at a time, as a fork takes the core that the visitors need. While those who are
 * to be replaced still serve there is no hurry: one at a time.
 */
function missing(facts: {
  places: number;
  starting: number;
  standingBy: number;
  spares: number;
  renewing: boolean;
}): number {
  const { places, starting, standingBy, spares, renewing } = facts;
  const short = places - starting;
  const spare = starting === 0 && short <= 0 && standingBy < spares ? 1 : 0;
  return Math.max(0, Math.min(Math.max(short, spare), (renewing ? 1 : STARTING_AT_ONCE) - starting));
}
