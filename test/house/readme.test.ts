import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { withSettings } from '../../scripts/settings.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  scripts: Record<string, string>;
};

test('the README shows the settings as they are in the code (npm run settings writes them)', () => {
  expect(withSettings(readme)).toBe(readme);
});

test('every npm script that the README names exists', () => {
  const named = [...readme.matchAll(/npm run ([a-z0-9:]+)/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
});
