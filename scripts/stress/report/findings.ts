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
export function breaksFirst(report: StressReport): string | undefined {
  const [first] = report.capacity.routes.filter(({ atLeast }) => !atLeast).sort((a, b) => a.perSecond - b.perSecond);
  if (first === undefined) return givesWay(report.scenarios);
  return `What fills the server first is “${first.name}” (${first.path}): ${Math.round(first.perSecond).toLocaleString('en')} a second.`;
}

/** Where the pages were not measured one by one: of which the most is refused in the peak. */
function givesWay(scenarios: readonly ScenarioResult[]): string | undefined {
  const rows = peakOf(scenarios)?.routes.filter(({ offered, refused }) => refused > 0.05 * offered) ?? [];
  const [first] = rows.toSorted((a, b) => b.refused / b.offered - a.refused / a.offered);
  if (first === undefined) return undefined;
  return `What gives way first is “${first.name}”: ${percent(first.refused, first.offered)} of those who wanted it were told “not now”.`;
}

const peakOf = (scenarios: readonly ScenarioResult[]): ScenarioResult | undefined =>
  ['spike', 'step'].flatMap(
    (wanted) => scenarios.find(({ name, routes }) => name === wanted && routes.length > 0) ?? [],
  )[0];

const percent = (part: number, whole: number): string => `${Number(((100 * part) / whole).toFixed(1))} %`;

/** What happens beyond the capacity, from the scenario with the highest load. */
export function beyond(scenarios: readonly ScenarioResult[]): string | undefined {
  const spike = peakOf(scenarios);
  const home = spike?.routes.find(({ name }) => name === 'home');
  if (spike === undefined || home === undefined || home.offered === 0) return undefined;
  const all = spike.routes.reduce((sum, { offered }) => sum + offered, 0);
  const refused = spike.routes.reduce((sum, row) => sum + row.refused, 0);
  const lost = spike.routes.reduce((sum, row) => sum + row.failed, 0);
  const copies = home.lastGood > 0 ? ` (${percent(home.lastGood, home.good)} of them an older copy)` : '';
  return `Beyond it (“${spike.title}”) ${percent(home.good, home.offered)} still got the main page in time${copies}; of all requests ${percent(refused, all)} were told “not now”, and ${percent(lost, all)} got nothing in time.`;
}
