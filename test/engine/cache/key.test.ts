import { describe, expect, test } from '@jest/globals';
import { cacheKey, type KeyInput, renderTarget } from '../../../src/engine/cache/key.ts';
import { below, seeded } from './fixtures/random.ts';

const hosts = new Set(['example.org', 'shop.example.org:8080']);
const key = (over: Partial<KeyInput> = {}): string | undefined =>
  cacheKey({ path: '/posts', query: '', allowed: ['tag', 'page'], host: undefined, hosts, language: '', ...over });

describe('the cache key', () => {
  test.each([
    '',
    'posts',
    '*',
    '//evil.example/posts',
    '/a//b',
    '/a/./b',
    '/a/../b',
    '/a/..',
    '/%61',
    '/a%2fb',
    '/a%2Fb',
    '/a%5Cb',
    '/%2E%2E/b',
    '/a%00',
    '/a%0Ab',
    '/a%zz',
    '/a%4',
    '/a\\b',
    '/a b',
    '/é',
    '/a\nb',
    '/a#b',
    'http://example.org/posts',
  ])('is not made of the path %j unless that is in normal form', (path) => {
    expect(key({ path })).toBeUndefined();
  });

  test.each([
    '/',
    '/posts/a-b_c~d.e',
    '/.well-known/x',
    '/u/@ana',
    '/u/%C3%A9',
    '/u/%c3%a9',
    '/a%20b',
    '/a/',
    '/A',
    '/a..b',
    '/...',
  ])('is made of the path %j', (path) => {
    expect(renderTarget(key({ path })!).url).toBe(path);
  });

  test('holds the path as it was sent: what a strict site answers to one spelling reaches no other', () => {
    const spellings = ['/posts', '/posts/', '/Posts', '/POSTS', '/p%C3%B6sts', '/p%c3%b6sts'];
    expect(new Set(spellings.map((path) => key({ path })))).toEqual(new Set(spellings.map((path) => `\n\n${path}`)));
  });

  test('ignores parameters that are not allowed, their order, empty values and repeats', () => {
    expect(key({ query: 'utm_source=x&page=2&tag=news&page=9&fbclid=1' })).toBe('\n\n/posts?page=2&tag=news');
    expect(key({ query: 'tag=news&page=2' })).toBe('\n\n/posts?page=2&tag=news');
    for (const query of ['page=', 'page', '&&', 'xpage=2', 'pagex=2', 'x=page=2'])
      expect(key({ query })).toBe('\n\n/posts');
  });

  test('is the same however a parameter is encoded', () => {
    const plain = key({ query: 'tag=a.b' });
    for (const query of ['tag=a%2Eb', 't%61g=a.b', 'tag=%61.b']) expect(key({ query })).toBe(plain);
    expect(key({ query: 'tag=a+b' })).toBe(key({ query: 'tag=a%20b' }));
    expect(key({ query: 'tag=a=b' })).toBe(key({ query: 'tag=a%3Db' }));
  });

  test('holds the values so that the render gets them and nothing else', () => {
    const value = 'a&page=3#x\n\r é%';
    const { url } = renderTarget(key({ query: `tag=${encodeURIComponent(value)}` })!);
    expect(url).not.toMatch(/[\n\r#]/);
    expect([...new URL(url, 'http://x').searchParams]).toEqual([['tag', value]]);
    expect(key({ query: 'tag=%ED%A0%80' })).toBeDefined();
  });

  test('tells hosts apart only when they are allow-listed, in any case, with a port or a last dot', () => {
    const host = (given: string): string => renderTarget(key({ host: given })!).host;
    expect(['Example.ORG', 'example.org:3000', 'example.org.', 'example.org.:80'].map(host)).toEqual(
      Array(4).fill('example.org'),
    );
    expect(host('shop.example.org:8080')).toBe('shop.example.org:8080');
    expect(
      ['evil.example', 'example.org.evil.example', 'example.org:x', '', '[::1]:80', 'example.org\n'].map(host),
    ).toEqual(Array(6).fill(''));
  });

  test('is bounded', () => {
    expect(key({ path: `/${'a'.repeat(1_100)}` })).toBeUndefined();
    expect(key({ query: `tag=${'a'.repeat(1_100)}` })).toBeUndefined();
    expect(key({ query: `other=${'a'.repeat(10_000)}` })).toBe('\n\n/posts');
  });

  test('gives back what it was made of', () => {
    expect(renderTarget(key({ language: 'id', host: 'example.org', query: 'page=2' })!)).toEqual({
      language: 'id',
      host: 'example.org',
      url: '/posts?page=2',
    });
  });

  test('agrees with the query as a browser reads it, for any query (seeded)', () => {
    const random = seeded(20);
    const pieces = [
      'page',
      'tag',
      'x',
      '=',
      '&',
      '1',
      'a',
      '%61',
      '+',
      '%26',
      '%3D',
      '%',
      '.',
      '-',
      '~',
      '?',
      '/',
      'pagetag',
    ];
    for (let round = 0; round < 20_000; round++) {
      const query = Array.from({ length: below(random, 10) }, () => pieces[below(random, pieces.length)]).join('');
      const read = new URLSearchParams(query);
      const expected = ['page', 'tag']
        .map((name): [string, string] => [name, read.get(name) ?? ''])
        .filter(([, value]) => value !== '');
      const made = key({ query })!;
      expect([...new URL(renderTarget(made).url, 'http://x').searchParams]).toEqual(expected);
      // The key of the key is the key.
      expect(key({ query: renderTarget(made).url.split('?')[1] ?? '' })).toBe(made);
    }
  });
});
