import { settingRows } from '../../config.ts';

/** Every setting with what is allowed and its default, for a person at a terminal. */
export function settingLines(standard: Readonly<Record<string, string>> = {}): string[] {
  let group = '';
  return settingRows().flatMap((row) => {
    const heading = row.group === group ? [] : [row.group];
    group = row.group;
    return [
      ...heading,
      `  ${row.env.padEnd(28)} ${row.text}`,
      `${' '.repeat(31)}${row.allowed}; default: ${standard[row.env] ?? (row.standard || 'none')}`,
    ];
  });
}
