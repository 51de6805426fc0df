import type { Scenario } from '../scenario.ts';
import type { MedianRow } from './results.ts';

/** A number as a person reads it. */
export function shown(value: number | null | undefined): string {
  if (value === undefined) return '';
  if (value === null) return 'never';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return Number.isInteger(value)
    ? String(value)
    : value.toFixed(Math.abs(value) >= 100 ? 0 : value !== 0 && Math.abs(value) < 1 ? 2 : 1);
}

/** The rows as a Markdown table per set of columns; one table when all rows have the same. */
export function markdownTables(scenario: Pick<Scenario, 'verdict'>, rows: readonly MedianRow[]): string {
  const bySet = new Map<string, MedianRow[]>();
  for (const row of rows) {
    const key = Object.keys(row.values).join('|');
    bySet.set(key, [...(bySet.get(key) ?? []), row]);
  }
  return [...bySet.values()].map((set) => table(scenario, set)).join('\n');
}

function table({ verdict }: Pick<Scenario, 'verdict'>, rows: readonly MedianRow[]): string {
  const names = Object.keys(rows[0]!.values);
  const verdicts = rows.map((row) => verdict?.(row) ?? '');
  const judged = verdicts.some((words) => words !== '');
  const head = ['case', 'server', ...names, ...(judged ? ['verdict'] : [])];
  const lines = rows.map((row, index) => [
    row.case,
    row.server,
    ...names.map((name) => (row.void === undefined ? shown(row.values[name]) : 'void')),
    ...(judged ? [row.void === undefined ? verdicts[index]! : 'void'] : []),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = `| ${widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return `${[line(head), rule, ...lines.map(line)].join('\n')}\n`;
}
