import { describe, expect, test } from '@jest/globals';
import type { Headers } from '../../../src/engine/cache/directives.ts';
import { dependsOn, type Sharing, sharing } from '../../../src/engine/cache/sharing.ts';

describe('what may be done with an answer', () => {
  test.each<[string, number, Headers, Sharing]>([
    ['a page', 200, {}, 'store'],
    ['a page that varies by coding', 200, { vary: 'Accept-Encoding, accept-language' }, 'store'],
    ['a cookie', 200, { 'set-cookie': 'a=b' }, 'private'],
    ['private', 200, { 'cache-control': 'max-age=5, Private' }, 'private'],
    ['private fields', 200, { 'cache-control': 'private="x, y"' }, 'private'],
    ['no-store', 200, { 'cache-control': 'no-store' }, 'once'],
    ['no-store that varies', 200, { 'cache-control': 'no-store', vary: 'User-Agent' }, 'private'],
    ['no-cache', 200, { 'cache-control': 'no-cache' }, 'share'],
    ['Vary: *', 200, { vary: '*' }, 'private'],
    ['Vary: Cookie', 200, { vary: 'Accept-Encoding, Cookie' }, 'private'],
    ['Vary: User-Agent', 200, { vary: ['accept-encoding', 'User-Agent'] }, 'private'],
    ['a page that is another one for who sends a header of his own', 200, { vary: 'rsc, Accept-Encoding' }, 'store'],
    ['an encoded body', 200, { 'content-encoding': 'gzip' }, 'private'],
    ['a redirect', 302, {}, 'share'],
    ['a redirect with no-store', 302, { 'cache-control': 'no-store' }, 'once'],
    ['a redirect with a cookie', 302, { 'set-cookie': 'a=b' }, 'private'],
    ['not found', 404, {}, 'store'],
    ['gone', 410, { vary: 'Accept-Encoding' }, 'store'],
    ['not found with no-store', 404, { 'cache-control': 'no-store' }, 'share'],
    ['not found with no-cache', 404, { 'cache-control': 'no-cache' }, 'share'],
    ['not found, encoded', 404, { 'content-encoding': 'gzip' }, 'share'],
    ['not found that varies', 404, { vary: 'Accept' }, 'share'],
    ['not found with a cookie', 404, { 'set-cookie': 'a=b' }, 'share'],
    ['forbidden', 403, { 'cache-control': 'private' }, 'share'],
    ['a failure', 500, {}, 'share'],
    ['a failure with no-store', 503, { 'cache-control': 'no-store', 'set-cookie': 'a=b' }, 'share'],
  ])('%s (%i)', (_, status, headers, expected) => {
    expect(sharing(status, headers)).toBe(expected);
  });

  test.each<[string, number, Headers, readonly string[]]>([
    ['of nobody', 404, {}, []],
    ['of nobody, though there may be one of another type', 404, { vary: 'Accept, Accept-Encoding' }, []],
    ['of who sends what it varies by', 404, { vary: 'Cookie, User-Agent' }, ['cookie', 'user-agent']],
    ['of everybody', 400, { vary: '*' }, ['*']],
    ['of who has a cookie, where it is private', 404, { 'cache-control': 'private' }, ['cookie']],
    ['of who has a cookie, where it sets one', 404, { 'set-cookie': 'a=b' }, ['cookie']],
    ['of who has a cookie, where it asks who it is', 401, {}, ['cookie']],
    ['of who sends what a page varies by', 200, { vary: 'RSC, accept-encoding' }, ['rsc']],
    ['of nobody, where the site failed', 500, { vary: 'Cookie', 'set-cookie': 'a=b' }, []],
  ])('an answer is one %s (%i)', (_, status, headers, expected) => {
    expect(dependsOn(status, headers)).toEqual(expected);
  });
});
