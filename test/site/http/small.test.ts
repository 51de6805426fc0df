import { describe, expect, test } from '@jest/globals';
import { browserName } from '../../../src/site/features/account/browser-name.ts';
import { fromUtcInput, toUtcInput } from '../../../src/site/features/editor/utc-input.ts';
import { avatarSvg } from '../../../src/site/http/avatar.ts';
import { clientKey } from '../../../src/site/http/client-key.ts';
import { countdown, plural } from '../../../src/site/http/format.ts';

describe('one visitor for rate limits', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s counts as %s', (address, key) => {
    expect(clientKey(address)).toBe(key);
  });
});

describe('a countdown', () => {
  const parts = (ms: number) => countdown(1_000_000_000 + ms, 1_000_000_000).parts.map(({ value }) => value);
  test('counts days, hours, minutes, seconds', () => {
    expect(parts(((2 * 24 + 3) * 3_600 + 4 * 60 + 5) * 1_000)).toEqual(['2', '03', '04', '05']);
  });
  test('stops at zero', () => {
    expect(parts(-5_000)).toEqual(['0', '00', '00', '00']);
    expect(countdown(1, 1).over).toBe(true);
  });
});

test('an avatar is the same for a name in upper and lower case, and another for another', () => {
  expect(avatarSvg('Ada')).toBe(avatarSvg('ada'));
  expect(avatarSvg('ada')).not.toBe(avatarSvg('eve'));
});

test('a time goes through a form and back', () => {
  const at = Date.UTC(2026, 2, 9, 14, 5);
  expect(fromUtcInput(toUtcInput(at))).toBe(at);
  for (const wrong of ['', 'x', '2026-13-01T00:00', '2026-01-01', '1900-01-01T00:00'])
    expect(fromUtcInput(wrong)).toBeUndefined();
});

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1',
    'Safari on iOS',
  ],
  ['curl/8.5.0', 'curl'],
  ['', 'Unknown browser'],
])('%s is %s', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name);
});

test('numbers come with their word', () => {
  expect([plural(0, 'post'), plural(1, 'post'), plural(12_345, 'post')]).toEqual(['0 posts', '1 post', '12,345 posts']);
});
