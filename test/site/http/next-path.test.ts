import { describe, expect, test } from '@jest/globals';
import { safeNext } from '../../../src/site/http/next-path.ts';

describe('where to go on after signing in', () => {
  test.each([
    '/',
    '/dashboard',
    '/posts/a-post?x=1#end',
    '/posts?tag=c%2B%2B',
    '/search?q=50%25',
    '/posts?tag=m%C3%A9t%C3%A9o',
  ])('%s is followed', (path) => {
    expect(safeNext(path)).toBe(path);
  });

  test.each([
    'https://evil.example/',
    '//evil.example/',
    '///evil.example/',
    '/\\evil.example/',
    '\\/evil.example',
    '/\t/evil.example/',
    '/\n/evil.example',
    '/%09/evil.example',
    '/%2f/evil.example',
    '/%2Fevil.example',
    '/%5Cevil.example',
    '/%255Cevil.example',
    '/%25252fevil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    '/%2e%2e//evil.example',
    '/.//evil.example',
    'evil.example',
    'javascript:alert(1)',
    '/\r\nSet-Cookie: a=b',
    '/%0d%0aSet-Cookie:%20a=b',
    '/ /evil.example',
    '/\u0000',
    '',
    `/${'a'.repeat(600)}`,
    '/login?next=/x',
    '/logout',
  ])('%j is not', (path) => {
    expect(safeNext(path, '/home')).toBe('/home');
  });

  test.each([undefined, null, 7, ['/a'], { a: 1 }])('%j is no path', (value) => {
    expect(safeNext(value)).toBe('/');
  });
});
