import { expect, test } from '@jest/globals';
import { negotiate } from '../../../src/engine/request/language.ts';

const SITE = ['nl', 'en-GB', 'en-US', 'pt-BR', 'fr'];

test.each([
  // RFC 4647 section 3.4: a range is cut at its end.
  ['fr-CA, pt', SITE, 'fr'],
  ['zh-Hant-TW', ['zh', 'zh-Hant'], 'zh-Hant'],
  ['zh-Hant-x-private', ['en', 'zh-Hant'], 'zh-Hant'],
  ['sr-Latn-RS', ['en', 'nl'], 'en'],
  // Who asks for a language can read a regional one; the exact one comes first.
  ['en', SITE, 'en-GB'],
  ['en-US', SITE, 'en-US'],
  ['EN-gb', SITE, 'en-GB'],
  ['i', SITE, 'nl'],
  // By quality, then by order.
  ['fr,pt;q=0.8,en;q=0.9', SITE, 'fr'],
  ['de,pt;q=0.8,en;q=0.9', SITE, 'en-GB'],
  ['de,pt; q=0.8 , en ; Q=0.7', SITE, 'pt-BR'],
  ['en-AU, nl;q=0.9, en;q=0.8', ['en', 'nl'], 'en'],
  // `*` is every language that is not named.
  ['*', SITE, 'nl'],
  ['nl;q=0.1, *', SITE, 'en-GB'],
  ['*;q=0.5, fr', SITE, 'fr'],
  // What is refused is not given where there is another.
  ['nl;q=0', SITE, 'en-GB'],
  ['*, nl;q=0, en;q=0', SITE, 'pt-BR'],
  ['en;q=0, en-US', SITE, 'en-US'],
  ['nl;q=0', ['nl'], 'nl'],
  ['en;q=0, nl;q=0', ['nl', 'en'], 'nl'],
  // What cannot be read counts for nothing.
  [';q=1', SITE, 'nl'],
  ['fr;q=x, pt', SITE, 'pt-BR'],
  ['fr;q=2, pt', SITE, 'pt-BR'],
  [`${'x,'.repeat(40)}pt`, SITE, 'nl'],
  [undefined, SITE, 'nl'],
  ['en', [], ''],
])('%s of %j is %s', (header, languages, language) => {
  expect(negotiate(header, languages)).toBe(language);
  expect(negotiate(header, languages)).toBe(language);
});

test('what is remembered for one site is not given to another, and any number of headers may come', () => {
  for (let n = 0; n < 2_000; n++) expect(negotiate(`x-${n}, fr`, SITE)).toBe('fr');
  expect(negotiate('x-0, fr', ['en', 'nl'])).toBe('en');
  expect(negotiate('x-0, fr', SITE)).toBe('fr');
});
