import { describe, expect, test } from '@jest/globals';
import { directivesOf, targetedAt } from '../../../src/engine/cache/directives.ts';

describe('the directives of Cache-Control', () => {
  test.each<[string, string | string[], Record<string, string>]>([
    ['in any case, spaced, with arguments', ' Public ,MAX-AGE = 5', { public: '', 'max-age': '5' }],
    ['given several times: the first', ['max-age=1', 'max-age=2'], { 'max-age': '1' }],
    ['in a quoted text: none', 'ext="a, no-store, b", max-age=1', { ext: 'a, no-store, b', 'max-age': '1' }],
    ['behind a quote that is not closed', 'ext="a, no-store', { ext: 'a', 'no-store': '' }],
    ['in an empty field', ', ,', {}],
  ])('%s', (_name, field, expected) => {
    expect(Object.fromEntries(directivesOf({ 'cache-control': field }))).toEqual(expected);
  });
});

describe('CDN-Cache-Control (RFC 9213)', () => {
  test.each<[string, string, Record<string, string> | undefined]>([
    ['names', 'max-age=60, no-store, private', { 'max-age': '60', 'no-store': '', private: '' }],
    ['parameters, which are left aside', 'max-age=60;a=1; b, public;x="y"', { 'max-age': '60', public: '' }],
    ['the last of two', 'max-age=1, max-age=2', { 'max-age': '2' }],
    ['what is false', 'no-store=?0, public=?1', { public: '' }],
    ['a time that is no whole number: no time', 'max-age="60", s-maxage=1.5, public', { public: '' }],
    ['a time without one: no time', 'max-age', {}],
    ['lists, texts, bytes', 'a=(1 2), b="c, d", e=:aGk=:, no-store', { a: '', b: '', e: '', 'no-store': '' }],
    ['nothing: it is as if it was not there', ' ', undefined],
    ['a capital letter: ignored', 'Max-Age=60', undefined],
    ['an equals sign with nothing behind it: ignored', 'max-age=', undefined],
    ['a comma at its end: ignored', 'max-age=60,', undefined],
    ['two without a comma: ignored', 'max-age=60 no-store', undefined],
  ])('%s', (_name, field, expected) => {
    const found = targetedAt({ 'cdn-cache-control': field });
    expect(found && Object.fromEntries(found)).toEqual(expected);
  });

  test('is all that counts for this cache, unless it cannot be read', () => {
    const both = (targeted: string) =>
      Object.fromEntries(directivesOf({ 'cdn-cache-control': targeted, 'cache-control': 'no-store' }));
    expect(both('max-age=60')).toEqual({ 'max-age': '60' });
    expect(both('max-age=60,')).toEqual({ 'no-store': '' });
  });
});
