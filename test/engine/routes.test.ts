import { createServer, type RequestListener } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import Router from '@koa/router';
import express from 'express';
import Koa from 'koa';
import supertest from 'supertest';
import { compileRoutes } from '../../src/engine/routes.ts';
import type { RoutePolicy } from '../../src/engine/site.ts';

describe('routes', () => {
  const routes = compileRoutes([
    { route: '/' },
    { route: '/posts/new', methods: ['GET'] },
    { route: '/posts/:slug' },
    { route: '/a.b' },
    { route: '/files/*' },
    { route: '/u/:name/avatar.svg' },
    { route: '/caf%C3%A9' },
    { route: '/T/:x/' },
  ]);
  test.each([
    ['GET', '/', '/'],
    ['GET', '/posts/new', '/posts/new'],
    ['POST', '/posts/new', '/posts/:slug'],
    ['GET', '/posts/a-b', '/posts/:slug'],
    ['GET', '/posts/a/b', 'unknown'],
    ['GET', '/posts/', 'unknown'],
    ['GET', '/axb', 'unknown'],
    ['GET', '/files/x/y/z', '/files/*'],
    ['GET', '/u/ann/avatar.svg', '/u/:name/avatar.svg'],
    ['GET', '/u/ann/avatarxsvg', 'unknown'],
    // Case and last slash, as frameworks have it.
    ['GET', '/Posts/NEW', '/posts/new'],
    ['GET', '/posts/new/', '/posts/new'],
    ['GET', '/posts/new//', 'unknown'],
    ['GET', '/posts/A-B/', '/posts/:slug'],
    ['GET', '/A.B/', '/a.b'],
    ['GET', '//', '/'],
    ['GET', '///', 'unknown'],
    ['GET', '/t/1', '/T/:x/'],
    ['GET', '/t/1/', '/T/:x/'],
    // Encoded characters; an encoded slash ends no segment.
    ['GET', '/%70osts/new', '/posts/new'],
    ['GET', '/posts%2Fnew', 'unknown'],
    ['GET', '/posts/a%2Fb%2fc', '/posts/:slug'],
    ['GET', '/posts/a%252Fb', '/posts/:slug'],
    ['GET', '/posts/%0A', '/posts/:slug'],
    ['GET', '/u/%C3%A9va/avatar.svg', '/u/:name/avatar.svg'],
    ['GET', '/caf%c3%a9', '/caf%C3%A9'],
    ['GET', '/%2570osts/new', 'unknown'],
    // What cannot be decoded is no match.
    ['GET', '/posts/%E9', 'unknown'],
    ['GET', '/posts/%', 'unknown'],
    ['GET', '/posts/%zz', 'unknown'],
    ['GET', '', 'unknown'],
    ['GET', '*', 'unknown'],
    ['GET', 'http://x/posts/new', 'unknown'],
  ])('%s %s is %s', (method, path, route) => {
    expect(routes.match(method, path).policy.route).toBe(route);
    // And when it is remembered.
    expect(routes.match(method, path).policy.route).toBe(route);
  });

  test('the first policy that matches wins, be it a template or not', () => {
    const { match, unknown } = compileRoutes([
      { route: '/u/me', methods: ['POST'] },
      { route: '/u/:name', methods: ['GET'] },
      { route: '/u/me' },
      { route: '/*' },
      { route: '/late' },
    ]);
    const routeOf = (method: string, path: string): string => match(method, path).policy.route;
    expect(routeOf('POST', '/u/me')).toBe('/u/me');
    for (const path of ['/u/me', '/u/ME/']) {
      expect(match('POST', path).index).toBe(0);
      expect(match('GET', path).index).toBe(1);
      expect(match('PUT', path).index).toBe(2);
    }
    expect(routeOf('GET', '/late')).toBe('/*');
    expect(routeOf('GET', '/')).toBe('/*');
    expect(match('GET', 'x')).toBe(unknown);
  });

  test('of two that differ only in spelling, the one spelled like the path wins, for its methods', () => {
    const { match } = compileRoutes([
      { route: '/a' },
      { route: '/A', methods: ['GET'] },
      { route: '/:x' },
      { route: '/a/' },
    ]);
    expect(['/a', '/A', '/a/', '/A/'].map((path) => match('GET', path).policy.route)).toEqual([
      '/a',
      '/A',
      '/a/',
      '/a',
    ]);
    expect(match('POST', '/A').policy.route).toBe('/a');
  });

  test.each([
    ['/a.b\\+c', '/a.b+c', '/aXb+c'],
    ['/\\(x\\)/:id', '/(x)/1', '/x/1'],
    ['/$1/^/:id', '/$1/^/2', '/a/$1/^/2'],
    ['/:year-:month', '/2026-11', '/2026'],
    ['/:file.svg', '/a.svg', '/asvg'],
    ['/a|b/:c', '/a|b/1', '/a'],
    ['/b\\*', '/b*', '/bb'],
    ['/files/*', '/files/', '/files'],
    ['/files/*', '/FILES/x/', '/file/x'],
    ['/files/*path', '/files/x/y', '/files/'],
    ['/users{/:id}/delete', '/users/delete', '/users/1/2/delete'],
  ])('%s is %s and not %s', (route, path, other) => {
    const { match, all, unknown } = compileRoutes([{ route }]);
    expect(match('GET', path)).toBe(all[0]);
    expect(match('GET', other)).toBe(unknown);
  });

  test('any number of paths may come, of any length', () => {
    const { match, all, unknown } = compileRoutes([{ route: '/posts/:slug' }]);
    for (let n = 0; n < 3_000; n++) {
      expect(match('GET', `/posts/${n}`)).toBe(all[0]);
      expect(match('GET', `/post/${n}`)).toBe(unknown);
    }
    expect(match('GET', `/posts/${'a'.repeat(10_000)}`)).toBe(all[0]);
  });
});

describe('routes match what a framework with nothing else set would route', () => {
  const templates = ['/', '/posts', '/posts/:slug', '/u/:name/avatar.svg', '/T/:x', '/:year-:month'];
  const paths = [
    '/',
    '//',
    '/posts',
    '/posts/',
    '/Posts',
    '/POSTS/',
    '/posts//',
    '/posts/a',
    '/posts/A/',
    '/posts/a%2Fb',
    '/posts/a/b',
    '/u/x/AVATAR.svg',
    '/u/x/avatarXsvg',
    '/t/1',
    '/2026-11',
    '/2026',
    '/posts/a?x=/b',
  ];
  const koa = (): RequestListener => {
    const router = new Router();
    for (const template of templates)
      router.get(template, (context) => {
        context.body = template;
      });
    return new Koa().use(router.routes()).callback();
  };
  const withExpress = (): RequestListener => {
    const app = express();
    for (const template of templates) app.get(template, (_request, response) => void response.end(template));
    return app as unknown as RequestListener;
  };

  test.each([
    ['@koa/router', koa()],
    ['Express 5', withExpress()],
  ])('%s', async (_name, listener) => {
    const { match } = compileRoutes(templates.map((route) => ({ route })));
    const server = createServer(listener);
    for (const path of paths) {
      const { status, text } = await supertest(server).get(path);
      expect([path, match('GET', path.split('?')[0]!).policy.route]).toEqual([path, status === 200 ? text : 'unknown']);
    }
  });
});

describe('a policy is checked before it is used', () => {
  const problem = (...policies: unknown[]): string => {
    try {
      compileRoutes(policies as RoutePolicy[]);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      return (error as Error).message;
    }
    return '';
  };

  test.each<[unknown, string]>([
    [{ route: 'posts' }, 'route policy "posts" must start with /'],
    [{}, 'route policy undefined must start with /'],
    [null, 'a route policy must be an object, not null'],
    [{ route: '/a/:' }, 'route policy "/a/:": the template cannot be read: Missing parameter name at index 4: /a/:'],
    [{ route: '/a(b)' }, 'route policy "/a(b)": the template cannot be read: Unexpected ( at index 2: /a(b)'],
    [{ route: '/%zz' }, 'route policy "/%zz": the template cannot be read: "/%zz" cannot be decoded'],
    [
      { route: '/', priority: 'urgent' },
      'route policy "/": priority must be one of critical, normal, low, background, or a function that gives one, not "urgent"',
    ],
    [{ route: '/', cache: {} }, 'route policy "/": cache.ttlMs must be a number of ms, 0 or more, not undefined'],
    [{ route: '/', cache: { ttlMs: '5' } }, 'route policy "/": cache.ttlMs must be a number of ms, 0 or more, not "5"'],
    [{ route: '/', cache: 60 }, 'route policy "/": cache must be an object with ttlMs, not 60'],
    [
      { route: '/', cache: { ttlMs: 1, swrMs: -1 } },
      'route policy "/": cache.swrMs must be a number of ms, 0 or more, not -1',
    ],
    [
      { route: '/', cache: { ttlMs: 1, sieMs: Number.NaN } },
      'route policy "/": cache.sieMs must be a number of ms, 0 or more, not NaN',
    ],
    [{ route: '/', cache: { ttlMs: 1, query: 'q' } }, 'route policy "/": cache.query must be a list of names, not "q"'],
    [{ route: '/', cache: { ttlMs: 1, tags: [1] } }, 'route policy "/": cache.tags must be a list of tags, not [1]'],
    [
      { route: '/', deadlineMs: '2s' },
      'route policy "/": deadlineMs must be a number of ms, 0 or more (0: none), not "2s"',
    ],
    [{ route: '/', bodyLimit: 1.5 }, 'route policy "/": bodyLimit must be a whole number of bytes, 0 or more, not 1.5'],
    [{ route: '/', body: 'file' }, 'route policy "/": body must be "buffer" or "stream", not "file"'],
    [{ route: '/', methods: ['get'] }, 'route policy "/": methods must be a list of methods in capitals, not ["get"]'],
  ])('%j', (policy, sentence) => {
    expect(problem(policy)).toBe(sentence);
  });

  test('with one line for each mistake', () => {
    expect(problem({ route: '/', deadlineMs: -1, body: 1 }, { route: '/ok' }, { route: 'x' }).split('\n')).toHaveLength(
      3,
    );
  });

  test('and good ones pass', () => {
    expect(
      problem(
        {
          route: '/',
          methods: ['GET'],
          priority: 'low',
          cache: { ttlMs: 0, swrMs: 1, sieMs: 2, query: [], tags: ['a'] },
        },
        { route: '/upload', deadlineMs: 0, bodyLimit: 0, body: 'stream', priority: () => 'normal' },
        { route: '/text', body: 'buffer', bodyLimit: 1_000_000 },
      ),
    ).toBe('');
  });

  test('there are at most 200, in a list', () => {
    const many = (count: number): RoutePolicy[] => Array.from({ length: count }, (_, n) => ({ route: `/${n}` }));
    expect(compileRoutes(many(200)).all).toHaveLength(200);
    expect(() => compileRoutes(many(201))).toThrow('200 route policies');
    expect(() => compileRoutes({} as never)).toThrow('must be a list');
  });
});
