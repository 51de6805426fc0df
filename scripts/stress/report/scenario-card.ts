import type { FleetSample } from '../fleet-watch.ts';
import type { ScenarioResult } from '../result.ts';
import { type Mark, timeChart } from './chart.ts';
import { escapeHtml } from './escape.ts';
import { table } from './table.ts';
import { inWords } from './words.ts';

const SIGNS = { passed: '✓', failed: '✗', void: '!', skipped: '–' } as const;

/** A scenario: its verdict, and behind it what happened when. What failed is open from the start. */
export function scenarioCard(scenario: ScenarioResult): string {
  const { name, title, text, status, reason, generator, others } = scenario;
  const open = status === 'failed' || status === 'void' || name === 'spike' ? ' open' : '';
  const parts = [
    `<summary class="${status}"><span class="mark-sign">${SIGNS[status]}</span><h3>${escapeHtml(title)}</h3><span class="soft">${escapeHtml(name)}</span><span class="numbers">${numbers(scenario)}</span></summary>`,
    `<p class="soft">${escapeHtml(text)}</p>`,
    status === 'void'
      ? `<p class="void-note">Void: ${escapeHtml(reason ?? '')}. These numbers say nothing of the server.</p>`
      : '',
    status === 'skipped' ? `<p>Not run: ${escapeHtml(reason ?? '')}.</p>` : '',
    thresholdTable(scenario),
    scenario.series.length === 0 ? '' : charts(scenario),
    routeTable(scenario),
    events(scenario),
    generator === undefined
      ? ''
      : `<p class="soft">Load generator: ${generator.sendLagP99Ms.toFixed(1)} ms late at p99, ${(100 * generator.utilisation).toFixed(0)} % busy.${others === undefined ? '' : ` Other programs took ${(100 * others.share).toFixed(0)} % of the CPU time; ${(100 * others.atCapacity).toFixed(0)} % while the capacity was found.`}</p>`,
  ];
  return `<details class="card" id="${escapeHtml(name)}"${open}>${parts.join('')}</details>`;
}

function numbers({ routes, status }: ScenarioResult): string {
  const offered = routes.reduce((sum, row) => sum + row.offered, 0);
  if (offered === 0) return status;
  const good = routes.reduce((sum, row) => sum + row.good, 0);
  return `${((100 * good) / offered).toFixed(1)} % good of ${offered.toLocaleString('en')}`;
}

function thresholdTable({ thresholds }: ScenarioResult): string {
  if (thresholds.length === 0) return '';
  const rows = thresholds.map((judged) => {
    const { words, measured } = inWords(judged);
    return [
      `${escapeHtml(words)} <code class="soft">${escapeHtml(judged.text)}</code>`,
      escapeHtml(measured),
      judged.passed ? 'holds' : '<b>does not hold</b>',
    ];
  });
  return table(['What must hold', 'Measured', ''], rows).replaceAll('<td><b>', '<td class="bad"><b>');
}

function charts({ series, bucketMs, fleet, events: happened, seconds }: ScenarioResult): string {
  const step = bucketMs / 1000;
  // What came after the last arrival is no part of the picture.
  const shown = series.slice(0, Math.ceil(seconds / step));
  const marks: Mark[] = happened
    .filter(({ kind }) => kind !== 'mode')
    .map(({ atMs, text, kind }) => ({ atS: atMs / 1000, text, style: kind }));
  const line = (of: (point: (typeof series)[number]) => number | null): [number, number | null][] =>
    shown.map((point, index) => [(index + 0.5) * step, of(point)]);
  const perSecond = (of: (point: (typeof series)[number]) => number): [number, number | null][] =>
    line((point) => of(point) / step);
  const p50s = shown.map(({ p50Ms }) => p50Ms ?? 0);
  const visitors = timeChart({
    title: 'Visitors',
    unit: 'requests a second, by when they came',
    seconds,
    marks,
    lines: [
      { name: 'offered', style: 'c-offered', area: true, points: perSecond(({ offered }) => offered) },
      { name: 'good', style: 'c-good', points: perSecond(({ good }) => good) },
      { name: 'last good copy', style: 'c-last', points: perSecond(({ lastGood }) => lastGood) },
      { name: 'refused', style: 'c-refused', points: perSecond(({ refused }) => refused) },
      { name: 'failed or late', style: 'c-failed', points: perSecond(({ failed }) => failed) },
    ],
  });
  const latency = timeChart({
    title: 'Time to the page',
    unit: 'ms, of those who were served',
    seconds,
    marks,
    top: Math.max(1_000, 3 * Math.max(0, ...p50s)),
    lines: [
      { name: 'half of them', style: 'c-blue', points: line(({ p50Ms }) => p50Ms) },
      { name: '99 of 100', style: 'c-violet', points: line(({ p99Ms }) => p99Ms) },
    ],
  });
  return visitors + latency + (fleet.length === 0 ? '' : inside(fleet, seconds, marks));
}

function inside(fleet: readonly FleetSample[], seconds: number, marks: readonly Mark[]): string {
  const points = (of: (sample: FleetSample) => number): [number, number][] =>
    fleet.map((sample) => [sample.atMs / 1000, of(sample)]);
  return `${timeChart({
    title: 'Workers',
    unit: 'that serve; and the lifeboat',
    seconds,
    marks,
    lines: [
      { name: 'workers', style: 'c-blue', area: true, points: points(({ workers }) => workers) },
      { name: 'lifeboat', style: 'c-failed', points: points(({ lifeboat }) => (lifeboat ? 1 : 0)) },
    ],
  })}${timeChart({
    title: 'Inside',
    unit: 'ms',
    seconds,
    marks,
    lines: [
      { name: 'event-loop lag, p99', style: 'c-refused', points: points(({ lagP99Ms }) => lagP99Ms) },
      { name: 'wait in the queue', style: 'c-violet', points: points(({ queueDelayMs }) => queueDelayMs) },
    ],
  })}${modeBar(fleet, seconds)}`;
}

/** The server's own word for its state, over the same time. */
function modeBar(fleet: readonly FleetSample[], seconds: number): string {
  const x = (ms: number): number => 52 + (Math.min(ms / 1000, seconds) / seconds) * 660;
  const parts = fleet.map(({ atMs, mode }, index) => {
    const from = x(index === 0 ? 0 : atMs);
    const to = x(fleet[index + 1]?.atMs ?? seconds * 1000);
    return `<rect class="mode ${escapeHtml(mode)}" x="${from.toFixed(1)}" y="2" width="${Math.max(0, to - from).toFixed(1)}" height="10"><title>${escapeHtml(mode)}</title></rect>`;
  });
  const modes = ['calm', 'busy', 'saturated', 'down'].filter((mode) => fleet.some((sample) => sample.mode === mode));
  const style: Record<string, string> = { calm: 'c-good', busy: 'c-last', saturated: 'c-refused', down: 'c-failed' };
  const keys = modes.map((mode) => `<span class="key ${style[mode]}">${mode}</span>`).join('');
  return `<figure><figcaption><b>Mode</b>${keys}</figcaption><svg viewBox="0 0 720 14" role="img" aria-label="Mode">${parts.join('')}</svg></figure>`;
}

function routeTable({ routes }: ScenarioResult): string {
  if (routes.length === 0) return '';
  const percent = (part: number, whole: number): string =>
    whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)} %`;
  const ms = (value: number | null): string => (value === null ? '' : value.toFixed(value < 10 ? 1 : 0));
  const rows = routes.map(({ name, offered, good, lastGood, refused, failed, p50Ms, p99Ms }) => [
    escapeHtml(name),
    offered.toLocaleString('en'),
    percent(good, offered),
    percent(lastGood, offered),
    percent(refused, offered),
    percent(failed, offered),
    ms(p50Ms),
    ms(p99Ms),
  ]);
  return table(['', 'Asked', 'Good', 'of it last good', 'Refused', 'Failed, late', 'p50 ms', 'p99 ms'], rows);
}

const MOST_EVENTS = 30;

function events({ events: all }: ScenarioResult): string {
  if (all.length === 0) return '';
  const lines = all
    .slice(0, MOST_EVENTS)
    .map(({ atMs, kind, text }) => `<li>${(atMs / 1000).toFixed(1)} s, ${kind}: ${escapeHtml(text)}</li>`);
  const more = all.length > MOST_EVENTS ? `<li>and ${all.length - MOST_EVENTS} more</li>` : '';
  return `<ul class="events">${lines.join('')}${more}</ul>`;
}
