import { expect, test } from '@jest/globals';
import { parseHttpDate } from '../../../src/engine/cache/http-date.ts';

test.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
  '%s is a date (RFC 9110 section 5.6.7)',
  (text) => {
    expect(parseHttpDate(text)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
  },
);

test.each([
  '0',
  '-1',
  '2100',
  '2100-01-01',
  'Sun, 06 Nov 2094 08:49:37',
  'Sun, 06 Nov 2094 08:49:37 CET',
  'Sun, 32 Nov 2094 08:49:37 GMT',
  'Sun, 06 Nov 2094 25:49:37 GMT',
  'in an hour',
  '',
])('"%s" is none', (text) => {
  expect(parseHttpDate(text)).toBeNaN();
});
