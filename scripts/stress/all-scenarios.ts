import { readdir } from 'node:fs/promises';
import type { Scenario } from './scenario.ts';
import { parseThreshold } from './thresholds/parse.ts';

/** From the usual to the worst; those of a team's own come last, by their names. */
const ORDER = [
  'steady',
  'sine',
  'spike',
  'flash-crowd',
  'retrying-clients',
  'impatient-clients',
  'slow-clients',
  'journeys',
  'publishing',
  'slow-tasks',
  'step',
  'ramp',
  'cold-start',
  'worker-killed',
  'all-killed',
  'all-blocked',
  'after-outage',
  'database-locked',
  'disk-full',
  'slow-upstream',
  'reload',
  'memory-leak',
];

/** A file of scenarios cannot be used; the message says which and why. */
export class ScenarioError extends Error {
  readonly code = 'SCENARIO';
  override readonly name = 'ScenarioError';
}

/**
 * Every scenario of the folder `scenarios/`.
 * @throws {ScenarioError}
 */
export async function allScenarios(folder: URL = new URL('./scenarios/', import.meta.url)): Promise<Scenario[]> {
  const files = (await readdir(folder)).filter((file) => /(?<!\.d)\.[jt]s$/.test(file)).sort();
  const scenarios = await Promise.all(
    files.map(async (file) => {
      const { default: scenario } = (await import(new URL(file, folder).href)) as { default?: Scenario };
      const problem = scenario === undefined ? 'has no "export default defineScenario(...)"' : problemOf(scenario);
      if (problem !== undefined) throw new ScenarioError(`scenarios/${file}: ${problem}`);
      return scenario!;
    }),
  );
  const place = ({ name }: Scenario): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return scenarios.sort((a, b) => place(a) - place(b));
}

/** What is wrong with a scenario; undefined: nothing. */
export function problemOf({ name, parts, thresholds, fault }: Scenario): string | undefined {
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(name))
    return `the name ${JSON.stringify(name)} must be of small letters, digits and dashes`;
  if (
    parts.length === 0 ||
    parts.some(({ seconds, load }) => !(seconds > 0 && seconds <= 600 && load >= 0 && load <= 20))
  )
    return 'has parts of 0 to 600 seconds, with a load of 0 to 20 times the capacity';
  if (thresholds.length === 0) return 'has no thresholds: it could not fail';
  if (fault !== undefined && !(fault.at >= 0 && fault.at <= 1 && fault.seconds >= 0 && fault.seconds <= 60))
    return 'has a fault at a share of its time from 0 to 1, for 0 to 60 seconds';
  try {
    thresholds.map(parseThreshold);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
