import { z } from 'zod';
import type { RoutePolicy } from '../site.ts';
import type { RouteWork } from './route-work.ts';

/** Routes that are kept, those that are asked for most first. */
export const MAX_KEPT = 256;
/** Longest name of a route that is kept, characters. */
const MAX_NAME = 256;
/** A cost over a minute is none that a request should be refused for, ms. */
const MAX_MS = 60_000;

const ms = z.number().nonnegative().max(MAX_MS);

/** What was learned of a route: mean and median time on the event loop, and mean time elsewhere. */
export const routeCostSchema = z.object({
  name: z.string().min(1).max(MAX_NAME),
  costMs: ms,
  medianMs: ms,
  elsewhereMs: ms,
  /** Requests that were measured. */
  runs: z.int().nonnegative(),
});
export type RouteCost = z.infer<typeof routeCostSchema>;

/** What was learned of all routes, and of the work in hand (`work-unit.ts`). */
export const learnedCostsSchema = z.object({
  unit: z.object({ meanMs: ms, ms }).nullable(),
  routes: z.array(routeCostSchema).max(MAX_KEPT),
});
export type LearnedCosts = z.infer<typeof learnedCostsSchema>;

export const NO_COSTS: LearnedCosts = { unit: null, routes: [] };

/** Something of a route that has a name of its own: what is beyond those that are told apart has none. */
export interface NamedWork {
  name: string;
  work: Pick<RouteWork, 'learned'>;
}

/**
 * What is to be kept: what these routes have learned, over what was known before of those that nobody asked for. Of two
 * routes with one name the busier counts.
 */
export function keptCosts(before: LearnedCosts, works: readonly NamedWork[], unit: LearnedCosts['unit']): LearnedCosts {
  const kept = new Map(before.routes.map((route) => [route.name, route]));
  const fresh = new Map<string, RouteCost>();
  for (const { name, work } of works) {
    const { learned } = work;
    if (learned === undefined || name === '' || name.length > MAX_NAME) continue;
    if (learned.runs >= (fresh.get(name)?.runs ?? 0)) fresh.set(name, { name, ...bounded(learned) });
  }
  for (const [name, cost] of fresh) kept.set(name, cost);
  const routes = [...kept.values()].sort((a, b) => b.runs - a.runs).slice(0, MAX_KEPT);
  return { unit: unit === null ? before.unit : bounded(unit), routes };
}

const bounded = <Numbers extends Record<string, number>>(numbers: Numbers): Numbers =>
  Object.fromEntries(
    Object.entries(numbers).map(([key, value]) => [key, key === 'runs' ? value : Math.min(MAX_MS, value)]),
  ) as Numbers;

/** A route's name in what is kept. */
export const costName = ({ methods = [], route }: Pick<RoutePolicy, 'methods' | 'route'>): string =>
  [...methods, route].join(' ');
