import { readFileSync, writeFileSync } from 'node:fs';
import { RULES } from '../src/engine/alerts/rules.ts';

const DOC = new URL('../docs/alerts.md', import.meta.url);
const BEGIN = '<!-- rules: node scripts/alert-table.ts -->';
const END = '<!-- /rules -->';

/** The rules as a Markdown table. */
const table = (): string =>
  [
    '| Rule | Severity | For | Clear | Thresholds | What it means |',
    '| --- | --- | --- | --- | --- | --- |',
    ...RULES.map(({ name, severity, for: after, clear, limits, sentence }) => {
      const shown = Object.entries(limits).map(([limit, value]) => `\`${limit}\` ${value}`);
      return `| \`${name}\` | ${severity} | ${after} s | ${clear} s | ${shown.join(', ') || '–'} | ${sentence} |`;
    }),
  ].join('\n');

/** The document with the rules as they are in the code. */
export function withRules(text: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`docs/alerts.md needs the lines ${BEGIN} and ${END}`);
  return `${text.slice(0, begin)}${BEGIN}\n\n${table()}\n\n${text.slice(end)}`;
}

if (import.meta.main) writeFileSync(DOC, withRules(readFileSync(DOC, 'utf8')));
