import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const root = new URL('../../', import.meta.url);
const table = readFileSync(new URL('docs/resilience.md', root), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (Fault|---|\*\*)/.test(line));

test('every fault of docs/resilience.md names a test that is there, by its file and its words', () => {
  expect(table.length).toBeGreaterThan(30);
  const missing = table.filter((row) => {
    const [, file = '', words = ''] = /`(test\/[^`]+)`: (.+) \|$/.exec(row) ?? [];
    const path = new URL(file, root);
    return file === '' || !existsSync(path) || !readFileSync(path, 'utf8').includes(words);
  });
  expect(missing).toEqual([]);
});
