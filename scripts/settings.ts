import { readFileSync, writeFileSync } from 'node:fs';
import { settingRows } from '../src/config.ts';

const README = new URL('../README.md', import.meta.url);
const BEGIN = '<!-- settings: npm run settings -->';
const END = '<!-- /settings -->';

/** The settings as Markdown tables, one for each group. */
export function settingsTables(): string {
  const groups = new Map<string, string[]>();
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  for (const { group, env, standard, allowed, text } of settingRows()) {
    const rows = groups.get(group) ?? [];
    rows.push(`| \`${env}\` | ${cell(standard) || 'none'} | ${cell(allowed)} | ${cell(text)} |`);
    groups.set(group, rows);
  }
  return [...groups]
    .map(
      ([group, rows]) =>
        `**${group}**\n\n| Setting | Default | Allowed | Meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}`,
    )
    .join('\n\n');
}

/** The README with its settings as they are in the code. */
export function withSettings(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`README.md needs the lines ${BEGIN} and ${END}`);
  return `${readme.slice(0, begin)}${BEGIN}\n\n${settingsTables()}\n\n${readme.slice(end)}`;
}

if (import.meta.main) writeFileSync(README, withSettings(readFileSync(README, 'utf8')));
