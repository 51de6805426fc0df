import { OUTCOMES } from '../../monitor-sample.ts';
import { chart, escapeHtml, type Line } from './chart.ts';
import { type IncidentReport, storyOf, titleOf } from './story.ts';

/** Told apart by people who do not tell red from green, on light and on dark. */
const COLOURS = {
  fresh: '#2a9d8f',
  last_good: '#e9c46a',
  rendered: '#457b9d',
  site: '#8d99ae',
  refused: '#f4a261',
  failed: '#d62828',
};
const NAMES = {
  fresh: 'fresh',
  last_good: 'last good',
  rendered: 'rendered',
  site: 'site',
  refused: 'asked to wait',
  failed: 'failed',
};

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fff; --soft: #666; --line: #ddd; --shade: #f4a26133; }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --paper: #181818; --soft: #aaa; --line: #444; --shade: #f4a26126; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; } small, .legend { color: var(--soft); font-weight: 400; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
.grid { stroke: var(--line); } .mark { stroke: var(--ink); stroke-dasharray: 3 3; opacity: .6; stroke-width: 2; } .shade { fill: var(--shade); }
.legend { margin: 0; font-size: .85rem; } .legend span { margin-right: 1rem; } .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; }
li { overflow-wrap: anywhere; }
`;

function chartsOf({ history, incident, events }: IncidentReport): string {
  const values = (name: string): readonly (number | null)[] => history.series[name] ?? [];
  const line = (name: string, series: string, colour: string): Line => ({ name, colour, values: values(series) });
  const common = {
    at: history.at,
    marks: events.map(({ at, text }) => ({ at, text })),
    from: incident.from,
    until: incident.until,
  };
  const scaled = (name: string, by: number): (number | null)[] =>
    values(name).map((value) => (value === null ? null : value * by));
  return [
    chart({
      ...common,
      title: 'Requests by what became of them',
      unit: 'a second',
      stacked: true,
      lines: OUTCOMES.map((outcome) => line(NAMES[outcome], `rate.${outcome}`, COLOURS[outcome])),
    }),
    chart({
      ...common,
      title: 'Time to the end of the answer, p99',
      unit: 'ms',
      lines: OUTCOMES.map((outcome) => line(NAMES[outcome], `p99.${outcome}`, COLOURS[outcome])),
    }),
    chart({
      ...common,
      title: 'Waiting inside',
      unit: 'ms',
      lines: [line('queue', 'queue.delay', '#457b9d'), line('event-loop lag, p99', 'lag.p99', '#d62828')],
    }),
    chart({
      ...common,
      title: 'Workers',
      unit: 'processes, and how busy they are (1 is all of it)',
      lines: [
        line('serving', 'workers', '#2a9d8f'),
        line('wanted', 'workers.wanted', '#e9c46a'),
        line('busy', 'elu', '#d62828'),
      ],
    }),
    chart({
      ...common,
      title: 'Memory',
      unit: 'MiB, all workers',
      lines: [{ name: 'resident', colour: '#457b9d', values: scaled('rss', 1 / 1_048_576) }],
    }),
  ].join('\n');
}

/** The report as one HTML file that opens without a network: no script, no picture from elsewhere. */
export function reportHtml(report: IncidentReport): string {
  const title = escapeHtml(titleOf(report));
  const chapters = storyOf(report).map(
    ({ title: heading, lines }) =>
      `<h2>${escapeHtml(heading)}</h2><ul>${lines.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>
${chapters.slice(0, -1).join('\n')}
<h2>How it went</h2>
${chartsOf(report)}
${chapters.at(-1)}
<p><small>Incident ${escapeHtml(report.incident.id)}, Tahan ${escapeHtml(report.version)}, written ${new Date(report.writtenAt).toISOString()}.</small></p>
</main></body></html>
`;
}

/** What Markdown would take for a mark is not one. */
const plain = (text: string): string => text.replaceAll(/[\\`*_[\]<>|#]/g, '\\$&').replaceAll(/\s+/g, ' ');

export const reportMarkdown = (report: IncidentReport): string =>
  [
    `# ${plain(titleOf(report))}`,
    ...storyOf(report).map(
      ({ title, lines }) => `## ${title}\n\n${lines.map((text) => `- ${plain(text)}`).join('\n')}`,
    ),
    `Incident ${report.incident.id}, Tahan ${report.version}.`,
  ]
    .join('\n\n')
    .concat('\n');
