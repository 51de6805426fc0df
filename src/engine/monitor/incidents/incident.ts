import { incidentId } from '../../incident-id.ts';
import type { Outcome, Sample } from '../../monitor-sample.ts';
import { OUTCOMES } from '../../monitor-sample.ts';

/** A time in which the server was saturated or down, or a critical alert fired. Times epoch ms. */
export interface Incident {
  id: string;
  /** What began it, in words. */
  why: string;
  from: number;
  /** When it was last so. */
  until: number;
  worst: Sample['mode'];
  outcomes: Record<Outcome, number>;
  lifeboatAnswers: number;
  refusedWhy: Record<string, number>;
  refusedWhere: Record<string, number>;
  /** Seconds in which each resource was the limit. */
  limits: Record<string, number>;
  workers: { first: number; most: number; max: number };
  peakRate: number;
  deaths: number;
  lastWords: string;
  /** Names of the critical alerts. */
  alerts: string[];
}

const MAX_NAMES = 100;

export const isHard = ({ mode, reason }: Sample): boolean =>
  mode === 'saturated' || (mode === 'down' && reason !== 'starting');

const WEIGHT = { calm: 0, busy: 1, saturated: 2, down: 3 } as const;
const serving = (sample: Sample): number => sample.workers.filter(({ state }) => state === 'serving').length;

export const beginIncident = (sample: Sample, why: string): Incident => ({
  id: incidentId(sample.at),
  why,
  from: sample.at - sample.seconds * 1_000,
  until: sample.at,
  worst: sample.mode,
  outcomes: { fresh: 0, last_good: 0, rendered: 0, site: 0, refused: 0, failed: 0 },
  lifeboatAnswers: 0,
  refusedWhy: {},
  refusedWhere: {},
  limits: {},
  workers: { first: serving(sample), most: 0, max: sample.max },
  peakRate: 0,
  deaths: 0,
  lastWords: '',
  alerts: [],
});

/** The incident with one more sample of it. Pure. */
export function addToIncident(before: Incident, sample: Sample): Incident {
  const outcomes = { ...before.outcomes };
  let all = 0;
  for (const outcome of OUTCOMES) {
    outcomes[outcome] += sample.outcomes[outcome];
    all += sample.outcomes[outcome];
  }
  const words = sample.workers.find(({ lastWords }) => lastWords !== '')?.lastWords.split('\n', 1)[0];
  return {
    ...before,
    worst: WEIGHT[sample.mode] > WEIGHT[before.worst] ? sample.mode : before.worst,
    outcomes,
    lifeboatAnswers: before.lifeboatAnswers + sample.lifeboatAnswers,
    refusedWhy: added(before.refusedWhy, Object.entries(sample.refusedWhy)),
    refusedWhere: added(
      before.refusedWhere,
      sample.refusedWhere.map(({ route, count }) => [route, count]),
    ),
    limits: sample.limiting === null ? before.limits : added(before.limits, [[sample.limiting, sample.seconds]]),
    workers: { ...before.workers, most: Math.max(before.workers.most, serving(sample)), max: sample.max },
    peakRate: Math.max(before.peakRate, all / sample.seconds),
    deaths: before.deaths + sample.deaths,
    lastWords: words ?? before.lastWords,
  };
}

/** Adds amounts by name; beyond the bound, under `other`. */
function added(
  before: Readonly<Record<string, number>>,
  more: readonly (readonly [string, number])[],
): Record<string, number> {
  const sums = new Map(Object.entries(before));
  for (const [name, amount] of more) {
    const kept = sums.size < MAX_NAMES || sums.has(name) ? name : 'other';
    sums.set(kept, (sums.get(kept) ?? 0) + amount);
  }
  return Object.fromEntries(sums);
}

/** The largest first. */
export const ranked = (amounts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(amounts).sort((a, b) => b[1] - a[1]);
