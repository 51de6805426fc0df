import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { withRules } from '../../scripts/alert-table.ts';

test('docs/alerts.md shows the rules as they are in the code (node scripts/alert-table.ts writes them)', () => {
  const text = readFileSync(new URL('../../docs/alerts.md', import.meta.url), 'utf8');
  expect(withRules(text)).toBe(text);
});
