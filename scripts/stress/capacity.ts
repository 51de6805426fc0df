import { drive, generate, type Load } from '../load/drive.ts';
import { treeCpuSeconds } from '../load/processes.ts';
import { bisect, median } from '../load/statistics.ts';
import type { Target } from './instance.ts';
import type { RouteCapacity } from './result.ts';
import type { Route } from './scenario.ts';

/** How long each trial takes, and how fine. */
export interface Effort {
  seconds: number;
  /** Trials of the cost of a route. */
  repeats: number;
  /** Bisection stops at this part of the value. */
  tolerance: number;
}

/** Load of the generator that the rest of a two-core machine can bear beside a server. */
const MAX_RATE = 6_000;
const CLOSED_CONNECTIONS = 16;
/** Of the requests of a trial, this part must be good. */
const PASSES = 0.98;
/** A trial that is nearly good, or void, is made once more: a stall of the machine must not halve the capacity. */
const NEARLY = 0.85;
const MAX_SEND_LAG_MS = 50;
/** Where a server answers next to nothing. */
const LEAST_RATE = 4;

export type SendsTo = Pick<Load, 'host' | 'port' | 'ownHost'> & { headers: Record<string, string> };

/** Whether a rate of these routes is served in time: 98 % good within 500 ms, and fresh. */
async function isServed(
  to: SendsTo,
  routes: readonly Route[],
  { seconds, rate, seed }: { seconds: number; rate: number; seed: number },
  interrupt: AbortSignal,
): Promise<'yes' | 'nearly' | 'no' | 'void'> {
  const { headers, ...where } = to;
  const report = await drive(
    {
      ...where,
      seed,
      connections: 'keep-alive',
      maxSendLagMs: MAX_SEND_LAG_MS,
      phases: [
        { seconds: seconds / 2, rate: rate / 2, warmUp: true },
        { seconds, rate },
      ],
      classes: routes.map((route) => ({ ...route, headers })),
    },
    undefined,
    interrupt,
  );
  const all = Object.values(report.classes);
  // A copy that is served in need says nothing of what the server can do.
  const good = all.reduce((sum, one) => sum + one.good - one.lastGood, 0);
  const offered = all.reduce((sum, one) => sum + one.offered, 0);
  if (report.void !== undefined) return 'void';
  if (good >= PASSES * offered) return 'yes';
  return good >= NEARLY * offered ? 'nearly' : 'no';
}

/**
 * The largest rate of these routes that is served in time, by bisection from a first guess.
 * @returns requests per second; `atLeast`: it was the generator that could do no more
 */
export async function findCapacity(
  to: SendsTo,
  routes: readonly Route[],
  guess: number,
  { seconds, tolerance }: Effort,
  interrupt: AbortSignal,
): Promise<{ perSecond: number; atLeast: boolean }> {
  let lateAt = Number.POSITIVE_INFINITY;
  let seed = 1;
  const passes = async (rate: number): Promise<boolean> => {
    const trial = (): ReturnType<typeof isServed> => {
      seed += 1;
      return isServed(to, routes, { seconds, rate, seed }, interrupt);
    };
    let served = await trial();
    if (served === 'nearly' || served === 'void') served = await trial();
    if (served === 'void') lateAt = Math.min(lateAt, rate);
    return served === 'yes';
  };
  let high = Math.max(LEAST_RATE, Math.min(MAX_RATE, guess * 1.2));
  let low = high / 2;
  if (await passes(low)) {
    // The guess may be far too low, where nothing is known of the server.
    while (high < MAX_RATE && (await passes(high))) [low, high] = [high, Math.min(MAX_RATE, high * 2)];
  } else {
    do [low, high] = [low / 2, low];
    while (low > LEAST_RATE && !(await passes(low)));
  }
  const perSecond = await bisect(low, high, tolerance, passes);
  return { perSecond, atLeast: perSecond >= 0.8 * Math.min(MAX_RATE, lateAt) };
}

/** What a route costs, and its capacity. The cost is known of an instance of its own only: its CPU time. */
export async function measureRoute(
  target: Target,
  to: SendsTo,
  route: Route,
  effort: Effort,
  interrupt: AbortSignal,
): Promise<RouteCapacity> {
  const costMs: number[] = [];
  const rates: number[] = [];
  for (let repeat = 0; repeat < effort.repeats && target.own !== undefined; repeat += 1) {
    const before = treeCpuSeconds(target.own.pid);
    const { requestsPerSecond, errors, answers } = await generate(
      'closed',
      {
        port: to.port,
        path: route.path,
        seconds: effort.seconds,
        connections: CLOSED_CONNECTIONS,
        headers: to.headers,
      },
      effort.seconds * 1000,
      undefined,
      interrupt,
    );
    const done = answers.offered - errors;
    rates.push(requestsPerSecond);
    if (done >= 1) costMs.push((1000 * (treeCpuSeconds(target.own.pid) - before)) / done);
  }
  const guess = rates.length === 0 ? MAX_RATE / 8 : median(rates);
  return { name: route.name, path: route.path, costMs, ...(await findCapacity(to, [route], guess, effort, interrupt)) };
}

/** A first guess of the capacity of a mix, from those of its routes. */
export function mixGuess(routes: readonly Route[], capacities: readonly RouteCapacity[]): number {
  const shares = routes.reduce((sum, { share }) => sum + share, 0);
  const seconds = routes.reduce((sum, { name, share }) => {
    const perSecond = capacities.find((one) => one.name === name)?.perSecond;
    return perSecond === undefined ? sum : sum + share / shares / perSecond;
  }, 0);
  return seconds === 0 ? MAX_RATE / 8 : 1 / seconds;
}

/**
 * Capacity of other routes than the mix. The page that costs most decides: as much of it is asked for a second as in the mix at
 * its capacity.
 */
export function capacityOfRoutes(routes: readonly Route[], mix: readonly Route[], mixPerSecond: number): number {
  if (routes === mix) return mixPerSecond;
  const part = (of: readonly Route[]): number => {
    const all = of.reduce((sum, { share }) => sum + share, 0);
    return of.filter(({ path }) => path.startsWith('/lab/work')).reduce((sum, { share }) => sum + share, 0) / all;
  };
  const [own, standard] = [part(routes), part(mix)];
  return own === 0 || standard === 0 ? mixPerSecond : (mixPerSecond * standard) / own;
}
