import { expect, test } from '@jest/globals';
import { keysFor, mainPageKeys } from '../../../src/engine/request/page-key.ts';
import { compileRoutes } from '../../../src/engine/routes.ts';

test('the main page has a key for each language on each host, and on all other hosts', () => {
  expect(mainPageKeys('/', ['en', 'de'], [])).toEqual(['en\n\n/', 'de\n\n/']);
  expect(mainPageKeys('/', [''], ['Example.org', 'example.org', 'b.example'])).toEqual([
    '\n\n/',
    '\nexample.org\n/',
    '\nb.example\n/',
  ]);
});

test('they are the keys that visitors ask for', () => {
  const hosts = ['Example.org'];
  const languages = ['en', 'de'];
  const route = compileRoutes([{ route: '/', cache: { ttlMs: 1 } }]).match('GET', '/');
  const keyOf = keysFor(hosts, languages);
  const asked = ['example.org', 'EXAMPLE.org:443', 'stranger.example'].flatMap((host) =>
    ['en', 'de'].map((acceptLanguage) => keyOf({ host, acceptLanguage }, route, '/', '')),
  );
  expect(new Set(asked)).toEqual(new Set(mainPageKeys('/', languages, hosts)));
});
