import { SAFE_SHARE } from '../../../src/engine/stress/safe-load.ts';
import type { ScenarioResult, StressReport } from '../result.ts';

/** What the server can take, in a sentence. */
export function safeTo({ capacity, machine }: StressReport): string {
  const { mixPerSecond, mix } = capacity;
  if (mixPerSecond === undefined) return 'The capacity was not measured.';
  const safe = Math.floor(mixPerSecond * SAFE_SHARE);
  return `safe to about ${safe.toLocaleString('en')} requests a second of ${mix} (70 % of the ${Math.round(mixPerSecond).toLocaleString('en')} that were served in time), with the load generator on the same ${machine.cores} cores`;
}

/** What breaks first: the dearest of the pages that were measured. */
export function breaksFirst({ capacity }: StressReport): string | undefined {
  const [first] = capacity.routes.filter(({ atLeast }) => !atLeast).sort((a, b) => a.perSecond - b.perSecond);
  if (first === undefined) return undefined;
  return `What fills the server first is “${first.name}” (${first.path}): ${Math.round(first.perSecond).toLocaleString('en')} a second.`;
}

/** What happens beyond the capacity, from the scenario with the highest load. */
export function beyond(scenarios: readonly ScenarioResult[]): string | undefined {
  const spike = scenarios.find(({ name }) => name === 'spike') ?? scenarios.find(({ name }) => name === 'step');
  const home = spike?.routes.find(({ name }) => name === 'home');
  if (spike === undefined || home === undefined || home.offered === 0) return undefined;
  const all = spike.routes.reduce((sum, { offered }) => sum + offered, 0);
  const refused = spike.routes.reduce((sum, row) => sum + row.refused, 0);
  const lost = spike.routes.reduce((sum, row) => sum + row.failed, 0);
  const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
  return `Beyond it (“${spike.title}”) ${percent(home.good, home.offered)} still got the main page in time; of all requests ${percent(refused, all)} were told “not now”, and ${percent(lost, all)} got nothing in time.`;
}
