import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { init } from '../../../src/engine/bin/init.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tahan-init-')));
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/server.js'), '');
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: '@team/shop', scripts: { start: 'node src/server.js --quiet' } }),
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

test('writes the files for the app of the folder', () => {
  expect(init(undefined, folder)).toEqual([
    'written  tahan.config.ts',
    'written  ecosystem.config.cjs',
    'written  shop.service',
    'written  Dockerfile',
    '',
    'Next: npx tahan',
  ]);
  const { apps } = createRequire(join(folder, 'x'))('./ecosystem.config.cjs') as { apps: unknown[] };
  expect(apps).toMatchObject([{ name: 'shop', args: ['src/server.js', '--quiet'], exec_mode: 'fork', instances: 1 }]);
  expect(read('shop.service')).toContain(`ExecStart=${folder}/node_modules/.bin/tahan src/server.js --quiet\n`);
  expect(read('Dockerfile')).toContain('CMD ["node_modules/.bin/tahan","src/server.js","--quiet"]');
  expect(read('tahan.config.ts')).toMatch(/^import \{ defineConfig \} from 'tahan';/);
});

test('touches nothing that is there', () => {
  writeFileSync(join(folder, 'Dockerfile'), 'mine');
  expect(init('src/server', folder)).toContain('kept     Dockerfile: it is there already');
  expect(read('Dockerfile')).toBe('mine');
  expect(init('src/server', folder).filter((line) => line.startsWith('written'))).toEqual([]);
});

test.each([
  ['nothing.js', /there is no file nothing\.js here/],
  ['../elsewhere.js', /there is no file|lies outside of/],
])('says in words that it cannot: %s', (entry, words) => {
  expect(() => init(entry, folder)).toThrow(words);
});
