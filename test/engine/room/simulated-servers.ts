import type { Person } from './simulation.ts';

/** What a simulated server has done since it was asked before. */
export interface Progress {
  /** Their answers are out. */
  landed: Person[];
  /** They were let in, and there was no room after all. */
  refused: Person[];
}

/** A server of which people get pages. Times in ms. */
export interface SimulatedServer {
  /** As the gate says it. */
  hasRoom: (t: number) => boolean;
  letIn: (person: Person, t: number) => void;
  progress: (t: number) => Progress;
  /** Offered load of this moment. */
  load: (t: number) => number;
  /** Time for which all of it was at work. */
  workedMs: number;
}

/** Works on one page at a time. `costOf`: what one costs; the gate knows the mean. Ahead of a newcomer may be `boundMs`. */
export function loopServer(meanMs: number, costOf: () => number, boundMs = 240): SimulatedServer {
  const queue: { person: Person; leftMs: number }[] = [];
  let workedTo = 0;
  let busy = false;
  return {
    workedMs: 0,
    hasRoom: () => queue.length * meanMs <= boundMs,
    letIn: (person) => void queue.push({ person, leftMs: costOf() }),
    load: () => (busy ? 1 : 0),
    progress(t) {
      let hasMs = t - workedTo;
      workedTo = t;
      const landed: Person[] = [];
      busy = queue.length > 0;
      for (let first = queue[0]; first !== undefined && hasMs > 0; first = queue[0]) {
        const part = Math.min(hasMs, first.leftMs);
        first.leftMs -= part;
        hasMs -= part;
        this.workedMs += part;
        if (first.leftMs > 0) break;
        landed.push(first.person);
        queue.shift();
      }
      return { landed, refused: [] };
    },
  };
}

/** Longest wait for a place that is let in, and that is borne, ms: as `route-work.ts` and `dispatcher.ts` have it. */
const PLACE_WAIT_MS = 250;
const PARKED_MS = 375;

/** Each page waits `pageMs` for something elsewhere, `places` at once. */
export function placesServer(places: number, pageMs: number): SimulatedServer {
  let flights: { person: Person; endsAt: number }[] = [];
  let parked: { person: Person; since: number }[] = [];
  return {
    workedMs: 0,
    hasRoom(t) {
      if (flights.length < places) return true;
      const free = flights[parked.length];
      return free !== undefined && free.endsAt - t <= PLACE_WAIT_MS;
    },
    letIn: (person, t) => void parked.push({ person, since: t }),
    load: () => (flights.length + parked.length) / places,
    progress(t) {
      const landed = flights.filter(({ endsAt }) => endsAt <= t).map(({ person }) => person);
      flights = flights.filter(({ endsAt }) => endsAt > t);
      for (const { person } of parked.splice(0, places - flights.length)) {
        flights.push({ person, endsAt: t + pageMs });
        this.workedMs += pageMs / places;
      }
      const refused = parked.filter(({ since }) => t - since >= PARKED_MS).map(({ person }) => person);
      parked = parked.filter(({ since }) => t - since < PARKED_MS);
      return { landed, refused };
    },
  };
}
