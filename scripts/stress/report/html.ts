import type { Comparison } from '../compare.ts';
import { type StressReport, wasDisturbed } from '../result.ts';
import { escapeHtml } from './escape.ts';
import { beyond, breaksFirst, safeTo } from './findings.ts';
import { scenarioCard } from './scenario-card.ts';
import { STYLE } from './style.ts';
import { table } from './table.ts';

/** The report as one file that needs nothing else: it opens without a network, and in ten years. */
export function htmlReport(report: StressReport, comparison: Comparison | undefined): string {
  const verdict = verdictOf(report);
  const parts = [
    `<h1>Stress test <span class="verdict ${verdict}">${verdict}</span></h1>`,
    `<p class="soft">Tahan ${escapeHtml(report.tahan)} on ${escapeHtml(report.target)}, ${escapeHtml(report.startedAt.slice(0, 16).replace('T', ' '))} UTC, ${(report.seconds / 60).toFixed(1)} min</p>`,
    lead(report),
    capacityTable(report),
    '<h2>Scenarios</h2>',
    ...report.scenarios.map(scenarioCard),
    comparison === undefined ? '' : comparisonTable(comparison),
    conditions(report),
  ];
  return `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>Stress test: ${verdict}</title><style>${STYLE}</style></head>\n<body><main>\n${parts.join('\n')}\n</main></body>\n</html>\n`;
}

function verdictOf(report: StressReport): 'interrupted' | 'passed' | 'void' | 'failed' {
  if (report.partial) return 'interrupted';
  if (report.passed) return 'passed';
  return wasDisturbed(report) ? 'void' : 'failed';
}

/** What a reader wants to know first. */
function lead(report: StressReport): string {
  const failed = report.scenarios.filter(({ status }) => status === 'failed' || status === 'void');
  const safe = safeTo(report);
  const answers = [
    ['What it can take', `${safe[0]!.toUpperCase()}${safe.slice(1)}.`.replace('..', '.')],
    ['What breaks first', breaksFirst(report)],
    ['What happens beyond', beyond(report.scenarios)],
  ].flatMap(([question, answer]) =>
    answer === undefined ? [] : [`<div><dt>${question}</dt><dd>${escapeHtml(answer)}</dd></div>`],
  );
  const look = failed.map(({ name, title }) => `<a href="#${name}">${escapeHtml(title)}</a>`).join(', ');
  return `<dl class="lead">${answers.join('')}</dl>${failed.length === 0 ? '' : `<p>Look at ${look}.</p>`}`;
}

function capacityTable({ capacity }: StressReport): string {
  if (capacity.routes.length === 0) return '';
  const rows = capacity.routes.map(({ name, path, perSecond, costMs, atLeast }) => [
    escapeHtml(name),
    `<code>${escapeHtml(path)}</code>`,
    `${atLeast ? 'at least ' : ''}${Math.round(perSecond).toLocaleString('en')}`,
    costMs.length === 0 ? '' : (costMs.toSorted((a, b) => a - b)[costMs.length >> 1] ?? 0).toFixed(2),
  ]);
  return `<h2>What it can do</h2><div class="card">${table(['Page', 'Path', 'In time, a second', 'CPU each, ms'], rows)}<p class="soft">The largest rate at which 98 % have their page within 500 ms, found by bisection, for each kind of page alone. “At least”: the load generator could send no more.</p></div>`;
}

function comparisonTable({ differences, text }: Comparison): string {
  const rows = differences.map(({ name, old, now, ratio, band, verdict }) => [
    escapeHtml(name),
    String(Number(old.toPrecision(3))),
    String(Number(now.toPrecision(3))),
    `×${ratio.toFixed(2)}`,
    Number.isFinite(band) ? `±${(100 * band).toFixed(0)} %` : 'unknown: no repeats',
    verdict === 'same' ? 'within noise' : verdict,
  ]);
  return `<h2>Compared with the run before</h2><div class="card"><p>${escapeHtml(text)}</p>${table(['Number', 'Then', 'Now', 'Ratio', 'Noise', 'Verdict'], rows)}</div>`;
}

function conditions({ machine, command, seed, data, capacity }: StressReport): string {
  const rows = [
    ['Command', `<code>${escapeHtml(command)}</code>`],
    ['Seed', String(seed)],
    ['Machine', escapeHtml(`${machine.cpu}, ${machine.cores} core(s), ${machine.memoryMb} MiB`)],
    [
      'Busy with other work',
      `${machine.busyPercent.toFixed(0)} % before the start, ${(100 * capacity.others).toFixed(0)} % while the capacity was found`,
    ],
    ['Node.js, kernel', escapeHtml(`${machine.node}, ${machine.kernel}`)],
    ['Data', escapeHtml(data)],
    [
      'Load',
      'open loop: visitors come when they come; latency counts from when a request was due, not from when it was sent',
    ],
  ];
  return `<h2>How it was measured</h2><div class="card plain">${table(undefined, rows)}</div>`;
}
