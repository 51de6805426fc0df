import type { Scenario } from '../scenario.ts';
import type { Conditions, MedianRow } from './results.ts';
import { markdownTables, shown } from './table.ts';

const HEAD = `# Benchmarks

Written by \`npm run bench -- all --write\`, or one section by \`npm run bench -- <scenario> --write\`; each tells its command, machine,
date and Node.js, and from 2026-11-28 on the versions of the servers. The numbers are medians of the runs. They come from one small
machine: compare within a table, not across machines. Where Tahan loses, the table says so.
How the servers beside it are set up: [bench/peers/README.md](../bench/peers/README.md).
`;

const mark = (name: string, edge: 'begin' | 'end'): string => `<!-- ${edge} ${name} -->`;

/** One scenario's section of docs/benchmarks.md. */
export function section(
  scenario: Scenario,
  conditions: Conditions,
  rows: readonly MedianRow[],
  chartFile: string | undefined,
): string {
  const { command, date, cpu, placement, node, versions, runs, seconds, capacities, busyBefore } = conditions;
  const capacity = capacities.length === 0 ? '' : `; C = ${capacities.map(shown).join(', ')} requests/s`;
  return `${mark(scenario.name, 'begin')}
## ${scenario.title}

${scenario.text}

\`${command}\`: ${date}, ${cpu}, ${placement}, Node ${node}, ${versions}, ${runs} run(s) of ${seconds} s per point${capacity}; the machine
was ${busyBefore.map((busy) => busy.toFixed(0)).join(', ')} % busy with other work before the runs.

${chartFile === undefined ? '' : `![${scenario.title}](${chartFile})\n\n`}${markdownTables(scenario, rows)}${mark(scenario.name, 'end')}
`;
}

/** The document with this scenario's section replaced, or added at its end. */
export function withSection(document: string | undefined, name: string, text: string): string {
  const before = document ?? HEAD;
  const begin = before.indexOf(mark(name, 'begin'));
  const end = before.indexOf(mark(name, 'end'));
  if (begin < 0 || end < begin) return `${before.trimEnd()}\n\n${text}`;
  return before.slice(0, begin) + text.trimEnd() + before.slice(end + mark(name, 'end').length);
}
