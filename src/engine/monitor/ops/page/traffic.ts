import type { Named, TrafficReport } from '../../../traffic/report.ts';
import { byId, el, setText, tableRow } from './dom.ts';
import { amount, bytes, percent } from './format.ts';

const MAX_ROWS = 8;

/** How the kinds are called here. */
const KINDS: Readonly<Record<string, string>> = {
  assistant: 'AI assistants',
  referrer: 'other sites',
  internal: 'this site',
  email: 'e-mail',
};
const AGENTS: Readonly<Record<string, string>> = {
  person: 'people',
  bot: 'bots that say so',
  suspected: 'suspected bots',
};

const called = (names: Readonly<Record<string, string>>, rows: readonly Named[]): Named[] =>
  rows.map((row) => ({ ...row, name: names[row.name] ?? row.name }));

const LISTS: readonly (readonly [string, (report: TrafficReport) => Named[] | undefined])[] = [
  ['Where they come from', ({ sourceKinds }) => called(KINDS, sourceKinds)],
  ['Sources', ({ sources }) => sources],
  ['Pages', ({ paths }) => paths.page],
  ['Who asks', ({ agents }) => called(AGENTS, agents)],
  ['Client networks', ({ networks }) => networks],
  ['Refused on', ({ refusedAt }) => refusedAt],
  ['Declared bots', ({ bots }) => bots],
  ['First pages', ({ entryPages }) => entryPages],
  ['Statuses', ({ statuses }) => statuses],
  ['Searches without a result', ({ emptySearches }) => emptySearches],
];

/** What came from where, and what the cache did for it. `found`: null where nothing counts it. */
export function showTraffic(found: TrafficReport | null): void {
  byId('traffic-none').hidden = found !== null && found.requests > 0;
  byId('traffic').hidden = found === null || found.requests === 0;
  if (found === null || found.requests === 0) return;
  setText(
    byId('traffic-words'),
    `${amount(found.requests)} requests, ${amount(found.views)} page views, ${amount(found.uniques.visitors)} visitors (give or take ${amount(found.uniques.error)}${found.uniques.unseen > 0 ? `; ${amount(found.uniques.unseen)} more connections were not looked at` : ''}).${found.sampledShare < 1 ? ` ${percent(found.sampledShare)} of the requests were looked at: the numbers are estimates.` : ''}`,
  );
  byId('traffic-lists').replaceChildren(
    ...LISTS.flatMap(([head, of]) => {
      const rows = of(found) ?? [];
      return rows.length === 0 ? [] : [barList(head, rows)];
    }),
  );
  const { cache } = found;
  setText(
    byId('cache-words'),
    `${cache.hitShare === undefined ? 'No page was asked for' : `From the cache came ${percent(cache.hitShare)} of the pages`}: ${amount(cache.savedSeconds)} s of CPU time and ${bytes(cache.cachedBytes)} spared; what was served was ${amount(cache.ageMeanSeconds)} s old on the average.`,
  );
  byId('advice').replaceChildren(...cache.advice.map(({ text }) => el('li', {}, text)));
  byId('cache-rows').replaceChildren(
    ...found.routes.slice(0, 20).map((route) => {
      const { uses } = route;
      return tableRow(route.route, [
        amount(route.requests),
        amount((uses.fresh ?? 0) + (uses.revalidate ?? 0)),
        amount(uses.last_good ?? 0),
        amount(uses.miss ?? 0),
        amount(uses.bypass ?? 0),
        amount(uses.refused ?? 0),
        `${route.costMs.toFixed(1)} ms`,
        `${amount(route.savedSeconds)} s`,
        `${amount(route.ageMeanSeconds)} s`,
        route.ttlMs === 0 ? 'not cached' : `${amount(route.ttlMs / 1_000)} s`,
      ]);
    }),
  );
}

/** A list with a bar behind each row, as long as its share. */
function barList(head: string, rows: readonly Named[]): HTMLElement {
  return el(
    'section',
    { class: 'bar-list' },
    el('h3', {}, head),
    el(
      'ul',
      {},
      ...rows.slice(0, MAX_ROWS).map(({ name, requests, share }) => {
        const bar = el('span', { class: 'bar', 'aria-hidden': true });
        bar.style.width = `${Math.max(1, share * 100)}%`;
        return el(
          'li',
          {},
          bar,
          el('span', { class: 'name' }, name),
          el('span', { class: 'number' }, amount(requests)),
          el('span', { class: 'share' }, percent(share)),
        );
      }),
    ),
  );
}
