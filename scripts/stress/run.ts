import { watchOthers } from '../load/others.ts';
import { type Effort, findCapacity, measureRoute, mixGuess, type SendsTo } from './capacity.ts';
import type { Conditions, MixCapacity } from './conditions.ts';
import { reconsidered } from './disturbance.ts';
import type { FaultName } from './fault-names.ts';
import { cannotMake } from './faults.ts';
import { type DataTemplate, startInstance, type Target } from './instance.ts';
import type { StressOptions } from './options.ts';
import type { Progress } from './progress.ts';
import type { RouteCapacity, ScenarioResult, StressReport } from './result.ts';
import { runScenario } from './run-scenario.ts';
import type { Route, Scenario } from './scenario.ts';
import { secondsOf } from './send-load.ts';
import { MAIN_PAGE, mixOf, PUBLIC_MIX, STANDARD_MIX } from './standard-mix.ts';

export interface Plan {
  options: StressOptions;
  scenarios: Scenario[];
  data: DataTemplate;
  labRate: number;
  /** Settings of each instance. */
  env: Record<string, string>;
  progress: Progress;
  interrupt: AbortSignal;
}

export type Found = Pick<StressReport, 'capacity' | 'scenarios'>;

const EFFORT: Effort = { seconds: 1, repeats: 3, tolerance: 0.12 };
const SMOKE_EFFORT: Effort = { seconds: 0.6, repeats: 1, tolerance: 0.25 };
/** A run of a minute leaves scenarios out that would not end within it by their own length. */
const SMOKE_SECONDS = 60;
/** Start and capacity. */
const BEFORE_SMOKE_SECONDS = 10;
/** Where the machine is busy, starting and ending take longer than they should: a run of a minute takes so long at most, ms. */
const SMOKE_MS = 240_000;
/** Starting, ending, and looking whether it lives. */
const AROUND_SECONDS = 4;
/** Times of the scenarios are multiplied by it: all of them in some five minutes, the most telling ones in one. */
const PACE = 0.5;
/** A void run is tried again, with the capacity found anew. */
const ATTEMPTS = 3;
/** Says to whoever reads the log of a server that is not an instance of our own what this is. */
const LABEL = { 'X-Stress-Test': 'tahan' };

/** How long a run will take, s. */
export function expectedSeconds(options: StressOptions, scenarios: readonly Scenario[]): number {
  const { smoke, runs } = options;
  const each = scenarios.reduce((sum, { parts }) => sum + secondsOf(parts) * PACE + AROUND_SECONDS, 0);
  return (smoke ? BEFORE_SMOKE_SECONDS : mixFor(options).length * 9 + 8) + each * runs;
}

/** Finds the capacity, runs the scenarios, and adds to `found` as it goes: what was done stays when it is interrupted. */
export async function runAll(plan: Plan, found: Found): Promise<void> {
  const { options, scenarios, progress, interrupt } = plan;
  const startedAt = performance.now();
  const servers = createServers(plan);
  const mix = mixFor(options);
  try {
    const first = await servers.get({});
    if (!options.smoke) await measureRoutes(plan, first, mix, found.capacity.routes);
    const guess = mixGuess(mix, found.capacity.routes);
    const look = async (): Promise<MixCapacity> => {
      const seen = await measureMix(plan, await servers.get({}), mix, found.capacity.mixPerSecond ?? guess);
      if (seen.perSecond > (found.capacity.mixPerSecond ?? 0))
        Object.assign(found.capacity, { mixPerSecond: seen.perSecond, others: seen.others.share });
      return seen;
    };
    let capacity = await look();
    const mayTryAgain = (): boolean => !options.smoke || performance.now() - startedAt < SMOKE_MS;
    const shared = {
      mix,
      journeyFile: options.journey,
      pace: PACE,
      interrupt,
    };
    /** A run that is not void, where the machine lets it. */
    const judged = async (scenario: Scenario, seed: number): Promise<ScenarioResult> => {
      for (let attempt = 1; ; attempt += 1) {
        const before = capacity;
        const first = await once(scenario, servers, { ...shared, capacity, seed });
        if (first.status === 'passed') return first;
        capacity = await look();
        const result = reconsidered(first, before.perSecond, capacity.perSecond);
        if (result.status !== 'void' || attempt === ATTEMPTS || !mayTryAgain()) return result;
        progress.say(`  void (${result.reason}): again, with the capacity found anew`);
      }
    };
    let plannedSeconds = BEFORE_SMOKE_SECONDS;
    for (const [index, scenario] of scenarios.entries()) {
      const why = whySkipped(scenario, options);
      const seconds = secondsOf(scenario.parts) * PACE;
      plannedSeconds += seconds + AROUND_SECONDS;
      const late = options.smoke && (plannedSeconds > SMOKE_SECONDS || performance.now() - startedAt > SMOKE_MS);
      if (why !== undefined || late) {
        found.scenarios.push(skipped(scenario, why ?? 'the minute of --smoke is over'));
        continue;
      }
      const results: ScenarioResult[] = [];
      for (let run = 0; run < options.runs; run += 1) {
        progress.step(`[${index + 1} of ${scenarios.length}] ${scenario.title}`, seconds);
        results.push(await judged(scenario, options.seed + run));
      }
      const result = ofRepeats(results);
      found.scenarios.push(result);
      progress.say(lineOf(result));
    }
  } finally {
    await servers.close();
  }
}

async function once(
  scenario: Scenario,
  servers: Servers,
  shared: Omit<Conditions, 'target' | 'to'>,
): Promise<ScenarioResult> {
  const target = await servers.get(scenario);
  const result = await runScenario(scenario, { ...shared, target, to: sendsTo(target) });
  if (scenario.fault !== undefined || result.status !== 'passed') await servers.close();
  return result;
}

/** The worst of the repeats, with the numbers of all of them. */
function ofRepeats(results: readonly ScenarioResult[]): ScenarioResult {
  const worst = (['failed', 'void', 'passed', 'skipped'] as const)
    .map((status) => results.find((result) => result.status === status))
    .find((result) => result !== undefined)!;
  const names = new Set(results.flatMap(({ numbers }) => Object.keys(numbers)));
  const numbers = Object.fromEntries(
    [...names].map((name) => [name, results.flatMap((each) => each.numbers[name] ?? [])]),
  );
  return { ...worst, numbers };
}

/** What each page costs, and how many of each are served in time. */
async function measureRoutes(
  { progress, interrupt }: Plan,
  target: Target,
  mix: readonly Route[],
  routes: RouteCapacity[],
): Promise<void> {
  const to = sendsTo(target);
  for (const route of mix) {
    progress.step(`capacity of ${route.name}`, 9);
    const measured = await measureRoute(target, to, route, EFFORT, interrupt);
    routes.push(measured);
    progress.say(`  ${route.name}: ${measured.atLeast ? 'at least ' : ''}${measured.perSecond.toFixed(0)} a second`);
  }
}

/** How many requests of the whole mix are served in time, and what else the machine did meanwhile. */
async function measureMix(
  { options, progress, interrupt }: Plan,
  target: Target,
  mix: readonly Route[],
  guess: number,
): Promise<MixCapacity> {
  progress.step('capacity of the mix of pages', options.smoke ? 6 : 8);
  const others = watchOthers();
  const effort = options.smoke ? SMOKE_EFFORT : EFFORT;
  const { perSecond } = await findCapacity(sendsTo(target), mix, guess, effort, interrupt);
  progress.say(`  all together: ${perSecond.toFixed(0)} a second`);
  return { perSecond, others: others() };
}

/** Whether the pages of the lab, and the members of the built-in site, are there. */
const hasLab = ({ target, app }: StressOptions): boolean =>
  target === undefined && app === undefined && (process.env.TAHAN_SITE ?? '') === '';

function mixFor(options: StressOptions): Route[] {
  const { target, routes } = options;
  if (routes.length > 0) return mixOf(routes);
  if (target !== undefined) return PUBLIC_MIX;
  return hasLab(options) ? STANDARD_MIX : MAIN_PAGE;
}

/** What the mix is called. */
export function mixText(options: StressOptions): string {
  if (options.routes.length > 0) return options.routes.join(', ');
  return mixFor(options) === MAIN_PAGE ? 'the main page' : 'the standard mix';
}

/** Why a scenario cannot be run here; undefined: it can. */
export function whySkipped(
  { fault, routes, journeys, env, fresh }: Scenario,
  options: StressOptions,
): string | undefined {
  if (fault !== undefined) {
    const missing = cannotMake(fault.name);
    if (missing !== undefined) return missing;
  }
  if (hasLab(options)) return undefined;
  if (options.target !== undefined && (fault !== undefined || env !== undefined || fresh === true))
    return 'needs an instance of its own';
  if (
    routes?.some(({ path }) => path.startsWith('/lab/')) === true ||
    (fault !== undefined && OF_THE_SITE.has(fault.name))
  )
    return 'needs the lab of the built-in site';
  if (journeys !== undefined && options.journey === undefined) return 'needs --journey FILE for this site';
  return undefined;
}

const skipped = ({ name, title, text }: Scenario, reason: string): ScenarioResult => ({
  name,
  title,
  text,
  status: 'skipped',
  reason,
  thresholds: [],
  seconds: 0,
  bucketMs: 1,
  series: [],
  routes: [],
  fleet: [],
  events: [],
  numbers: {},
});

/** Faults that are made in the pages or the data of the built-in site. */
const OF_THE_SITE: ReadonlySet<FaultName> = new Set(['database-locked', 'memory-leak', 'slow-upstream']);

const MARKS = { passed: '✓', failed: '✗', void: '!', skipped: '-' } as const;

/** A scenario in one line, and one for each threshold that does not hold. */
export function lineOf({ status, name, title, reason, thresholds }: ScenarioResult): string {
  const wrong = thresholds.filter(({ passed }) => !passed);
  const lines = [`${MARKS[status]} ${name}: ${title}${reason === undefined ? '' : ` (${status}: ${reason})`}`];
  for (const { text, measured, missing } of wrong)
    lines.push(`    ${text} does not hold: ${measured === null ? missing : Number(measured.toPrecision(4))}`);
  return lines.join('\n');
}

const sendsTo = ({ host, port, own }: Target): SendsTo => ({
  host,
  port,
  ...(host.startsWith('127.') ? {} : { ownHost: host }),
  headers: own === undefined ? LABEL : {},
});

interface Servers {
  /** The server for a scenario: the one that runs, where it will do. */
  get: (scenario: Pick<Scenario, 'env' | 'fresh' | 'fault'>) => Promise<Target>;
  close: () => Promise<void>;
}

function createServers({ options, data, env, labRate }: Plan): Servers {
  let current: { target: Target; key: string } | undefined;
  const close = async (): Promise<void> => {
    const closing = current;
    current = undefined;
    await closing?.target.own?.stop();
  };
  return {
    close,
    async get(scenario) {
      if (options.target !== undefined) return options.target;
      const key = JSON.stringify(scenario.env ?? {});
      const fresh = scenario.fresh === true || scenario.fault !== undefined;
      if (current !== undefined && current.key === key && !fresh) return current.target;
      await close();
      current = { target: await startInstance(data, { ...env, ...scenario.env }, labRate, options.app), key };
      return current.target;
    },
  };
}
