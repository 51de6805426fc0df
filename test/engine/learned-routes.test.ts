import { describe, expect, test } from '@jest/globals';
import { type LearnedRoutes, learnRoutes, MAX_LEARNED } from '../../src/engine/learned-routes.ts';
import { compileRoutes } from '../../src/engine/routes.ts';

const fresh = (): LearnedRoutes => learnRoutes(compileRoutes([{ route: '/posts/:slug', priority: 'normal' }]), '/');
const nameOf = (routes: LearnedRoutes, path: string): string => routes.match('GET', path).policy.route;

describe('routes that are learned from paths', () => {
  test('what the app declared wins, and the main page is known from the start', () => {
    const routes = fresh();
    expect([nameOf(routes, '/posts/a'), nameOf(routes, '/'), nameOf(routes, '/else')]).toEqual([
      '/posts/:slug',
      '/',
      'other',
    ]);
    routes.learn('/posts/a');
    expect(nameOf(routes, '/posts/a')).toBe('/posts/:slug');
  });

  test('numbers and names of the content are one parameter', () => {
    const routes = fresh();
    routes.learn('/users/17');
    expect(nameOf(routes, '/users/9f1c-22')).toBe('/users/:id');
    expect(nameOf(routes, '/users/17/edit')).toBe('other');
    routes.learn('/users/17/edit');
    expect(nameOf(routes, '/users/4/edit')).toBe('/users/:id/edit');
  });

  test('more words than an app has routes are one parameter too', () => {
    const routes = fresh();
    const words = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
    for (const word of words) routes.learn(`/topics/${word}`);
    expect(nameOf(routes, '/topics/one')).toBe('/topics/one');
    expect(nameOf(routes, '/topics/nine')).toBe('/topics/:id');
    expect(nameOf(routes, '/topics/eleven')).toBe('/topics/:id');
  });

  test('what is deep is not told apart', () => {
    const routes = fresh();
    routes.learn('/a/b/c/d/e/f/g');
    expect(nameOf(routes, '/a/b/c/d/e/f/g')).toBe('/a/b/c/d/e/*');
    expect(nameOf(routes, '/a/b/c/d/e/x')).toBe('/a/b/c/d/e/*');
    expect(nameOf(routes, '/a/b/c/d/e')).toBe('other');
  });

  test('there are so many and no more, each with an index of its own', () => {
    const routes = fresh();
    for (let outer = 0; outer < 26; outer++)
      for (let inner = 0; inner < 26; inner++)
        routes.learn(`/${String.fromCharCode(97 + outer)}/${String.fromCharCode(97 + inner)}`);
    const named = routes.all.filter(({ policy }) => policy.route !== 'other');
    expect(named.length).toBe(MAX_LEARNED + 2);
    expect(routes.all.map(({ index }) => index)).toEqual(routes.all.map((_, at) => at));
    expect(routes.unknown.index).toBe(routes.all.length);
    expect(nameOf(routes, '/zz/zz')).toBe('other');
  });

  test('the lifeboat is told of pages anywhere, and of no learned route', () => {
    const routes = fresh();
    routes.learn('/users/1');
    expect(routes.published?.map(({ policy }) => policy.route)).toEqual(['/posts/:slug', '/', '/*']);
  });
});
